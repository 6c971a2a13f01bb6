"""Data files as variables of programs."""

import csv
import json

import pytest

from punie_acp.codemode.joining import joined
from punie_acp.codemode.tables import tables_of, told_of, with_tables

HIVES = json.dumps([{"id": f"H{n}", "site": "Schule" if n % 2 else "Hof", "keeper": f"K{n % 3}"} for n in range(1, 7)])
KEEPERS = json.dumps({f"K{n}": {"name": f"Keeper {n}"} for n in range(3)})
LOOKS = "hive,day,honey,share,code\nH1,2024-05-01,3,0.5,007\nH2,2024-05-02,4,1,010\nH9,2024-05-02,0,0.25,011\n"
FILES = {"data/looks.csv": LOOKS, "data/hives.json": HIVES, "data/keepers.json": KEEPERS}


def table(path, text):
    (found,) = tables_of({path: text})
    return found


def test_tables_know_whose_entries_name_those_of_which_other():
    looks, hives, keepers = tables_of(FILES)
    assert looks.links == (("hive", "hives"),)
    assert hives.links == (("keeper", "keepers"),)
    assert keepers.links == ()
    assert hives.reading == '{one["id"]: one for one in json.load(open("data/hives.json"))}'
    assert keepers.reading == 'json.load(open("data/keepers.json"))'
    assert told_of((looks, hives, keepers))[1] == [
        '"hive" of an entry of looks is a key of hives',
        '"keeper" of an entry of hives is a key of keepers',
    ]


def test_what_is_told_of_a_table_is_the_line_that_reads_it_and_an_example():
    (line,), _ = told_of((table("data/keepers.json", KEEPERS),))
    assert line == "keepers = json.load(open(\"data/keepers.json\"))  # dict of 3, such as {'K0': {'name': 'Keeper 0'}}"
    assert "# list of 6, such as {'id': 'H1', 'site'" in told_of((table("data/hives.json", HIVES),))[0][0]


def test_columns_of_numbers_are_read_as_numbers_and_ids_are_not():
    numbers = '"honey": int(row["honey"]), "share": float(row["share"])'
    assert table("looks.csv", LOOKS).reading == f'[{{**row, {numbers}}} for row in csv.DictReader(open("looks.csv"))]'
    tabs = table("days.tsv", "day\tplace\nMo\there\n")
    assert tabs.reading == 'list(csv.DictReader(open("days.tsv"), delimiter="\\t"))'


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("recipe.json", '{"title": "Dal", "serves": 4}'),
        ("names.json", '["a", "b"]'),
        ("mixed.json", '[{"a": 1}, 2]'),
        ("mixed.json", '{"a": {"b": 1}, "c": 2}'),
        ("broken.json", "[{"),
        ("empty.json", "[]"),
        ("empty.csv", "a,b\n"),
        ("ragged.csv", "a,b\n1\n"),
        ("ragged.csv", "a,b\n1,2,3\n"),
        ("broken.jsonl", '{"a": 1}\n{"a"'),
        ("notes.md", "| a | b |"),
        ("json.json", '[{"a": 1}]' * 2),
    ],
)
def test_other_files_are_no_tables(path, text):
    assert tables_of({path: text}) == ()


def test_variables_have_the_names_of_the_files_where_those_are_free():
    files = {
        "a/sales-2024.json": HIVES,
        "list.json": HIVES,
        "b/sales-2024.json": HIVES,
        "2024.json": HIVES,
        "a.json": HIVES,
    }
    names = {one.path: one.name for one in tables_of(files)}
    assert names == {
        "a/sales-2024.json": "sales_2024",
        "list.json": "list_data",
        "b/sales-2024.json": "b_sales_2024",
        "a.json": "a",
    }


def test_equal_numbers_mean_something_only_where_the_names_fit():
    rooms = json.dumps([{"number": n, "beds": 2} for n in (1, 2, 3)])
    nights = json.dumps([{"guests": n, "room_id": n} for n in (1, 2, 3, 3)])
    _, found = tables_of({"rooms.json": rooms, "nights.json": nights})
    assert found.links == (("room_id", "rooms"),)
    assert tables_of({"flats.json": rooms, "nights.json": nights})[1].links == ()


TABLES = tables_of(FILES)
KEEPERS_READ = 'import json\nkeepers = json.load(open("data/keepers.json"))  # data/keepers.json'


@pytest.mark.parametrize(
    ("code", "reads"),
    [
        ("print(len(keepers))", [KEEPERS_READ]),
        ("keepers = [one for one in keepers.values()]", [KEEPERS_READ]),
        ("def f():\n    return keepers\nprint(f())", [KEEPERS_READ]),
        ("keepers = 1\nprint(keepers)", []),
        ("import keepers\nprint(1)", []),
        ("print('keepers')", []),
        ("print(keepers", []),
    ],
)
def test_a_program_gets_the_lines_that_read_what_it_uses(code, reads):
    assert with_tables(code, TABLES) == "\n".join([*reads, code])


def test_what_programs_before_it_have_bound_is_left_to_them():
    assert with_tables("print(keepers)", TABLES, {"keepers"}) == "print(keepers)"


def test_such_a_program_runs_and_gives_what_python_gives(lab):
    for path, text in FILES.items():
        (lab.root / path).parent.mkdir(exist_ok=True)
        (lab.root / path).write_text(text)
    code = 'print(sum(one["honey"] for one in looks if hives.get(one["hive"], {}).get("site") == "Schule"), looks[1])'
    ran = lab.run(with_tables(code, TABLES))
    assert ran.outcome.error is None
    row = next(iter(list(csv.DictReader(LOOKS.splitlines()))[1:]))
    assert ran.output == f"3 {row | {'honey': 4, 'share': 1.0}}\n"
    assert [call.title for call in ran.requests] == ["Read data/looks.csv", "Read data/hives.json"]


def test_joined_tables_have_the_columns_of_the_entries_that_they_name():
    keepers, hives, looks = joined(TABLES)
    assert [one.name for one in (keepers, hives, looks)] == ["keepers", "hives", "looks"]
    assert keepers.join == ""
    assert (hives.needs, looks.needs) == (("keepers",), ("hives",))
    assert hives.entries["H1"] == {"id": "H1", "site": "Schule", "keeper": "K1", "keeper_name": "Keeper 1"}
    assert {"hive_site", "hive_keeper", "hive_keeper_name"} < looks.columns
    (_, _, told), _ = told_of((keepers, hives, looks))
    assert told.startswith("looks = [...]  # list of 3, such as {'hive': 'H1', 'day': '2024-05-01', 'honey': 3, ")
    assert told.endswith("'hive_site': 'Schule', 'hive_keeper': 'K1', 'hive_keeper_name': 'Keeper 1'}")


def test_what_is_said_of_joined_tables_is_what_programs_have(lab):
    for path, text in FILES.items():
        (lab.root / path).parent.mkdir(exist_ok=True)
        (lab.root / path).write_text(text)
    tables = joined(TABLES)
    ran = lab.run(with_tables('print(looks[0]["hive_keeper_name"], sorted(looks[0]), looks[2]["hive_site"])', tables))
    assert ran.outcome.error is None, ran.outcome.error
    assert ran.output == f"Keeper 1 {sorted(tables[2].first)} None\n"


def test_tables_that_name_each_other_are_joined_one_way():
    pairs = {
        "men.json": json.dumps([{"id": f"M{n}", "wife": f"W{n}"} for n in range(3)]),
        "women.json": json.dumps([{"id": f"W{n}", "husband": f"M{n}"} for n in range(3)]),
    }
    first, second = joined(tables_of(pairs))
    assert (first.name, first.join) == ("men", "")
    assert second.needs == ("men",)
    assert second.entries["W1"] == {"id": "W1", "husband": "M1", "husband_wife": "W1"}


def test_a_dictionary_that_a_file_has_is_joined_too(lab):
    walks = {f"w{n}": {"beach": f"N{n % 2}"} for n in range(4)}
    files = {"walks.json": json.dumps(walks), "beaches.json": json.dumps({f"N{n}": {"metres": n} for n in range(2)})}
    for path, text in files.items():
        (lab.root / path).write_text(text)
    ran = lab.run(with_tables('print(walks["w3"])', joined(tables_of(files))))
    assert ran.output == "{'beach': 'N1', 'beach_metres': 1}\n"
