"""What a program's data looks like, for who took it for something else."""

import json

import pytest

from punie_acp.codemode.shapes import found_nothing, shape_of, shapes_of


def test_the_shape_of_each_kind_of_data_file_is_told():
    hives = [{"id": "h1", "keeper": {"name": "Linde"}, "tags": ["old", "sunny"]}] * 9
    files = {
        "hives.json": json.dumps(hives),
        "log.jsonl": '{"at": 3, "what": "swarm"}\n\n{"at": 4, "what": "frost"}\n',
        "honey.csv": "hive,kg\nh1,4.5\nh2,7\n",
        "frost.tsv": "day\tdegrees\n1\t-3\n",
    }

    assert shapes_of(files) == (
        "hives.json: list of 9, such as {'id': 'h1', 'keeper': {'name': 'Linde'}, 'tags': ['old', 'sunny']}",
        "log.jsonl: 2 lines such as {'at': 3, 'what': 'swarm'}",
        "honey.csv: 2 rows such as {'hive': 'h1', 'kg': '4.5'}",
        "frost.tsv: 1 rows such as {'day': '1', 'degrees': '-3'}",
    )


def test_a_data_file_that_is_named_is_told_with_how_it_is_read():
    assert shape_of("a/hives.json", '[{"id": 1}]') == (
        """json.load(open("a/hives.json")) gives list of 1, such as {'id': 1}"""
    )
    assert shape_of("honey.csv", "hive,kg\nh1,4.5\n") == (
        """csv.DictReader(open("honey.csv")) gives 1 rows such as {'hive': 'h1', 'kg': '4.5'}"""
    )
    assert shape_of("log.jsonl", '{"at": 3}\n').endswith(" in open(\"log.jsonl\")] gives 1 lines such as {'at': 3}")
    assert shape_of("broken.json", "{") == shape_of("notes.md", "# Notes") == shape_of("empty.csv", "") == ""


def test_of_a_table_by_name_one_entry_is_told():
    table = {f"h{number}": {"kg": number} for number in range(5)}

    assert shapes_of({"t.json": json.dumps(table)}) == ("t.json: {'h0': {'kg': 0}, … 4 more}",)


def test_what_is_no_such_data_or_empty_is_left_out_and_long_lines_are_cut():
    files = {"a.json": "{", "b.jsonl": "", "c.csv": "", "d.json": "[" * 100_000, "e.json": "[]"}
    assert shapes_of(files) == ("e.json: an empty list",)

    wide = {f"a long name of a key {number}": "x" * 100 for number in range(12)}
    (line,) = shapes_of({"f.json": json.dumps(wide)})
    assert len(line) == 400


def test_a_program_that_failed_leaves_the_shapes_of_what_it_read(lab):
    (lab.root / "hives.json").write_text('[{"id": "h1"}]')
    (lab.root / "long.csv").write_text("a,b\n1,2\n")

    failed = lab.run('import json\nread_file("long.csv", 1, 1)\nprint(json.load(open("hives.json"))[0]["honey"])')
    assert failed.outcome.shapes == ("hives.json: list of 1, such as {'id': 'h1'}",)
    assert lab.run('print(open("hives.json").read())').outcome.shapes == ()


def test_a_program_that_found_nothing_is_told_what_is_there(lab):
    (lab.root / "recipes").mkdir()
    (lab.root / "recipes/pie.txt").write_text("title: Pie\n\ntags: sweet\n")

    nothing = lab.run('print(sum("salty" in read_file(path) for path in list_files("recipes/*.txt")))').outcome
    assert (nothing.shapes, nothing.missed) == (("recipes/pie.txt: begins 'title: Pie\\ntags: sweet'",), ())

    sentence = "No file matches recipes/*.md. recipes has: pie.txt."
    for code in ('print(list_files("recipes/*.md"))', 'print(search("x", "recipes/*.md"))',
                 'import glob\nprint(len(glob.glob("recipes/*.md")))'):  # fmt: skip
        outcome = lab.run(code).outcome
        assert (outcome.shapes, outcome.missed) == ((), (sentence,))
    assert (
        lab.run('print(list_files("soups/**/*.md"))')
        .outcome.missed[0]
        .startswith("No file matches soups/**/*.md. The project's root has: ")
    )


def test_of_a_program_that_found_or_did_something_nothing_is_said(lab):
    (lab.root / "pie.txt").write_text("title: Pie\n")

    for code in ('print(read_file("pie.txt"), list_files("*.md"))', 'read_file("pie.txt")\nwrite_file("a.txt", "")'):
        outcome = lab.run(code).outcome
        assert (outcome.error, outcome.shapes, outcome.missed) == (None, (), ())
    assert lab.run('list_files("*.md")\nread_file("pie.txt")\n1 / 0').outcome.missed != ()


@pytest.mark.parametrize("text", ["", "None", "0", "[]\n", "hives: 0", "total = []", "set()"])
def test_what_says_that_nothing_was_found(text):
    assert found_nothing(text, None)
    assert found_nothing("", text.strip())


@pytest.mark.parametrize("text", ["10", "3: 0\n4: 1", "no", "[0]", "None of them"])
def test_what_says_something(text):
    assert not found_nothing(text, None)


def test_a_program_that_only_defines_something_is_told_how_files_are_changed(lab):
    (sentence,) = lab.run("class Walk:\n    pass\n\ndef total(walks):\n    return 0").outcome.missed
    assert sentence == (
        "It only defined Walk, total for itself: no file has changed. To put it into one, call "
        "save_definition(path, Walk)."
    )
    for code in ("def f():\n    return 3\nprint(f())", "def f():\n    return 3\nf()", "x = 3", "def f(:"):
        assert lab.run(code).outcome.missed == ()


def test_a_program_that_never_heard_of_it_is_told_what_is_not_there(lab):
    walked = "import os\nfor folder, _, names in os.walk('nowhere'):\n    print(names)\ndone = run_command('true')"
    assert lab.run(walked).outcome.missed == ("List nowhere found nothing: no such file or folder: nowhere.",)
    assert lab.run(f"{walked}\nprint('renamed')").outcome.missed == ()
    assert lab.run(f"{walked}\nwrite_file('a.txt', 'b')").outcome.missed == ()
