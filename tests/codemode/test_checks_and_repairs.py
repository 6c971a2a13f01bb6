"""What is found before a program runs, what is put right, and how errors are told."""

import ast
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from punie_acp.codemode.compiling import compile_program
from punie_acp.codemode.deferring import defer
from punie_acp.codemode.events import ProgramChecked
from punie_acp.codemode.functions import FUNCTIONS
from punie_acp.codemode.lifting import lift
from punie_acp.codemode.lowering import lower
from punie_acp.codemode.repair import repair
from punie_acp.codemode.rewriting.knowledge import Knowledge
from punie_acp.codemode.source import syntax_of
from punie_acp.codemode.stubs import function_stubs

FAILS_BEFORE_IT_RUNS = [
    ("missing_name", "type", 1, "name 'missing_name' is not defined"),
    ("counter = 1\nprint(countr)", "type", 2, "did you mean 'counter'?"),
    ("read_file()", "type", 1, "read_file takes path, start_line, end_line"),
    ('read_file("a.txt", nope=1)', "type", 1, "and no nope"),
    ('write_file("a.txt", ["x"])', "type", 1, "write_file takes path, content"),
    ('edit_file("a.txt", "x")', "type", 1, "edit_file takes path, old, new"),
    ('r = run_command("ls")\nprint(r.status)', "type", 2, "it has exit_code, stdout, stderr"),
    ('r = run_command("ls")\nprint(r["stdout"])', "type", 2, "a Result is no dict, so write .stdout"),
    ('for m in search("x"):\n    print(m["path"])', "type", 2, "it has path, line, text"),
    ("import numpy as np\nprint(np.pi)", "type", 1, "no module 'numpy'"),
    ("class M(type):\n    pass\nclass A(metaclass=M):\n    pass", "type", 3, "no metaclasses"),
    ("class D:\n    def __get__(self, one, kind):\n        return 1", "type", 2, "use @property"),
    ("def f(:\n  pass", "syntax", 1, "SyntaxError"),
    ("for i in range(3)\n    print(i)", "syntax", 1, "expected ':'"),
    ("try:\n    pass\nexcept* ValueError:\n    pass", "syntax", 1, "use a plain except"),
]


@pytest.mark.parametrize(("code", "kind", "line", "part"), FAILS_BEFORE_IT_RUNS)
def test_it_is_found_before_anything_happens(lab, code, kind, line, part):
    ran = lab.run('write_file("effect.txt", "x")\n' + code)
    error = ran.outcome.error
    assert (error.kind, error.line) == (kind, line + 1)
    assert part in error.message
    assert "^" in error.excerpt
    assert not (lab.root / "effect.txt").exists()
    assert ran.requests == []


RIGHT_ALL_THE_SAME = [
    'import re\nm = re.search("o", read_file("a.txt"))\nprint(m.group(0))',
    "try:\n    import numpy\nexcept ImportError:\n    numpy = None",
    "def f(a, b=None):\n    return a + (b or 0)\nf(1)",
    "x: int = 'text'\nx.upper()",
    "d = {}\nd['a'] = 1\nd.setdefault('b', []).append(2)",
    "items = [1, 'a', None]\n[str(i) for i in items]",
    'from pathlib import Path\nread_file(Path("a.txt"))',
    "if True:\n    v = 1\nprint(v)",
    'run_command(["echo", "hi"]).stdout',
    "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nP(1).x",
    "from collections import Counter\nCounter('aab').most_common(1)[0][0]",
    "import sys\nsys.path\nsys.version",
    "f = open('a.txt')\nf.read().splitlines()",
    'def first(found: "list[Match]") -> "Match | None":\n    return found[0] if found else None\nfirst(search("o"))',
]


@pytest.mark.parametrize("code", RIGHT_ALL_THE_SAME)
def test_right_programs_pass_the_check(lab, code):
    assert lab.run(code).outcome.error is None


def test_the_check_knows_what_earlier_programs_left(lab):
    lab.run("import re as rx\ncount = 3\ndef double(n):\n    return 2 * n\nclass Box:\n    pass")
    assert lab.run("double(count), rx.sub('a', 'b', 'a'), type(Box()).__name__").outcome.value == "(6, 'b', 'Box')"


def test_a_function_of_an_earlier_program_is_called_as_it_was_defined(lab):
    lab.run(
        "def joined(a, /, b=1, *, sep):\n    return f'{a}{sep}{b}'\ndef many(*args, **options):\n    return len(args)"
    )
    assert lab.run("joined(1, 2, sep='-')").outcome.value == "'1-2'"
    for call, said in [
        ("joined(1)", "missing a required"),
        ("joined(1, 2, 3, sep='')", "too many positional"),
        ("joined(1, sep='', to='')", "unexpected keyword argument 'to'; it takes a, b, sep"),
    ]:
        ran = lab.run(f'write_file("effect.txt", "x")\n{call}')
        assert (ran.outcome.error.kind, ran.outcome.error.line, ran.requests) == ("type", 2, [])
        assert said in ran.outcome.error.message
    assert lab.run("many(1, 2, x=3)\njoined(*[1], **{'sep': ''})").outcome.error is None
    assert lab.run("def joined():\n    return 'new'\njoined()").outcome.value == "'new'"
    assert lab.run("joined()").outcome.value == "'new'"


def test_a_failed_program_leaves_what_it_had_reached(lab):
    lab.run("reached = 1\n1 / 0\nunreached = 2")
    assert lab.run("reached").outcome.value == "1"
    assert lab.run("unreached").outcome.error.kind == "type"


def test_a_runtime_error_is_told_with_its_line_and_what_had_happened(lab):
    ran = lab.run('write_file("done.txt", "x")\nprint("so far")\nd = {}\nprint(d["key"])')
    error = ran.outcome.error
    assert (error.kind, error.message, error.line) == ("runtime", "KeyError: key", 4)
    assert error.excerpt.splitlines()[0] == 'print(d["key"])'
    assert (ran.output, ran.outcome.effects) == ("so far\n", ("Create done.txt",))


def test_an_error_in_a_function_names_the_line_in_it(lab):
    assert lab.run("def f(x):\n    return x / 0\n\nf(1)").outcome.error.line == 2


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ('with open("a.txt") as f:\n    [][2]\n    x = 1\n', "lines 1 to 3"),
        ("y = 1\ntry:\n    [][2]\nexcept ValueError:\n    print(1)\n", "lines 2 to 5"),
    ],
)
def test_an_error_that_leaves_a_block_names_the_block_since_its_line_is_not_known(lab, code, lines):
    error = lab.run(code).outcome.error
    assert error.line is None
    assert lines in error.excerpt


@pytest.mark.parametrize(
    ("module", "advice"),
    [
        ("pandas", "csv.DictReader"),
        ("pytest", "python -m pytest"),
        ("requests", "no network"),
        ("nope", "only the standard"),
    ],
)
def test_a_missing_module_comes_with_what_to_do_instead(lab, module, advice):
    assert advice in lab.run(f"import {module}").outcome.error.message


def test_an_exit_code_is_found_under_both_its_names(lab):
    assert lab.run('r = run_command("exit 3")\nprint(r.exit_code, r.returncode)').output == "3 3\n"
    code = 'import subprocess\nr = subprocess.run("exit 4", shell=True)\nprint(r.returncode)'
    assert lab.run(code).output == "4\n"


def test_exit_with_a_code_is_an_error_and_without_is_none(lab):
    assert lab.run("import sys\nsys.exit()").outcome.error is None
    assert lab.run("exit(0)").outcome.error is None
    assert lab.run("import sys\nsys.exit('bad')").outcome.error.message == "SystemExit: bad"


def test_input_says_that_nobody_answers(lab):
    assert "nobody to answer" in lab.run('name = input("?")').outcome.error.message


REPAIRED = [
    ('```python\nprint("a")\n```', "a\n"),
    ("d = {1: 2, 3: 4}\ndel d[1]\nprint(d)", "{3: 4}\n"),
    ("l = [1, 2, 3, 4]\ndel l[0], l[1:]\nprint(l)", "[2]\n"),
    ("class E(Exception):\n    '''x'''\ntry:\n    raise E('m')\nexcept E as e:\n    print(e)", "m\n"),
    ("class A(object):\n    def f(self):\n        return 1\nprint(A().f())", "1\n"),
    ("class A:\n    @staticmethod\n    def f(x):\n        return x\nprint(A.f(2))", "2\n"),
    (
        (
            "class A:\n    @staticmethod\n    def f():\n        return 3\n"
            "    def g(self):\n        return self.f()\nprint(A().g(), A.f())"
        ),
        "3 3\n",
    ),
    ("class A:\n    @property\n    def n(self):\n        return 4\nprint(A().n)", "4\n"),
    ("def g(n):\n    for i in range(n):\n        yield i\n\nprint(list(g(3)))", "[0, 1, 2]\n"),
    (
        (
            "def g(a):\n    x = 1\n    yield x\n    if a:\n        return\n    yield from [2, 3]\n\n"
            "print(list(g(0)), list(g(1)))"
        ),
        "[1, 2, 3] [1]\n",
    ),
    ('print(await read_file("a.txt"))', "one\ntwo\nthree\n\n"),
    ('async def main():\n    print("ran")\nmain()', "ran\n"),
    ('import glob\nprint(glob("*.txt"))', "['a.txt']\n"),
    ('from glob import glob\nprint(glob.glob("*.txt"))', "['a.txt']\n"),
]


@pytest.mark.parametrize(("code", "output"), REPAIRED)
def test_it_is_repaired_and_told(lab, code, output):
    ran = lab.run(code)
    assert ran.outcome.error is None
    assert ran.output == output
    assert len(ran.repairs) == 1


def test_a_program_without_faults_is_not_touched(lab):
    code = 'import os\nwith open("a.txt") as f:\n    print(f.read(), end="")\nfor p in os.listdir("."):\n    pass'
    (checked,) = lab.run(code).watcher.of(ProgramChecked)
    assert (checked.code, checked.repairs) == (code, ())


def test_external_functions_may_be_gathered(lab):
    code = (
        "import asyncio\nasync def main():\n"
        '    return await asyncio.gather(*[read_file(p) for p in ["a.txt", "data.json"]])\n'
        "print(len(asyncio.run(main())))"
    )
    assert lab.run(code).output == "2\n"


def test_a_last_expression_is_shown_and_none_is_not(lab):
    assert lab.run("[1, 'a']").outcome.value == "[1, 'a']"
    assert lab.run("1, 2").outcome.value == "(1, 2)"
    assert lab.run("x = 5").outcome.value is None
    assert lab.run("print(1)").outcome.value is None


def test_the_stubs_are_python_and_name_all_functions():
    tree = ast.parse("from typing import NamedTuple\n" + function_stubs())
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert functions == [*FUNCTIONS]


PIECES = st.sampled_from(
    [
        "import os, re as r",
        "from os import (\n    path,\n    listdir,\n)",
        "del d[k]",
        "x = await read_file('a')",
        "class E(ValueError): pass",
        "def g():\n    yield 1\n",
        "def h():\n    for i in x:\n        yield i\n",
        "with open('a',\n    'w') as f:\n    f.write('é')",
        "print(\n  'ü', file=f,\n)",
        "(a / 'é').open()",
        "p.read_text(\n  encoding='x')",
        "class A:\n    @property\n    def n(self): return 1",
        "class B:\n    @staticmethod\n    def s(a,\n      b): return a",
        "raise KeyError(x)",
        "y = p.relative_to(q).parents[0]",
        "open('x', 'w').write(str.upper)",
        "if a:\n    main()",
        "'''text\nof\nlines'''",
        "x = f'{a}'",
        "# comment é",
        "del a, b[0]",
        "q = [z.open().read() for z in p.parents]",
        "lambda: print(1, file=e)",
        "1",
        "a, b",
        "await c()",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=6))
def test_no_line_moves(pieces):
    code = "\n\n".join(pieces)
    repaired = repair(code).code
    lowered = lower(repaired)
    ast.parse(lowered)
    assert lowered.count("\n") == repaired.count("\n")
    assert definitions(code) == definitions(repaired) == definitions(lowered)


@settings(max_examples=50, deadline=None)
@given(st.lists(PIECES, max_size=6))
def test_what_the_steps_share_stays_as_it_is(pieces):
    code = "\n\n".join(pieces)
    before = ast.dump(syntax_of(code).tree, include_attributes=True)
    compile_program(defer(lift(repair(code).code)), frozenset(), Knowledge())
    assert ast.dump(syntax_of(code).tree, include_attributes=True) == before


def definitions(code):
    """The line of every function in a text: a landmark that must not move."""
    return [(node.name, node.lineno) for node in ast.walk(ast.parse(code)) if isinstance(node, ast.FunctionDef)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=4).map("\n".join)))
def test_no_program_text_raises(lab, text):
    outcome = lab.run(text).outcome
    assert outcome.error is None or outcome.error.message


def test_newer_syntax_than_this_python_knows_runs(lab):
    assert sys.version_info >= (3, 11)
    assert lab.run('d = {"a": 1}\nprint(f"{d["a"]}")').output == "1\n"


def test_a_stub_that_was_copied_from_the_instructions_takes_no_functions_place(lab):
    stub = "def read_file(path: str, start_line: int | None = None) -> str: ...  # lines from 1\n"
    ran = lab.run(
        stub + 'def search(pattern):\n    """Lines."""\n    ...\nprint(read_file("a.txt", 1, 1), end="")\n1 / 0'
    )
    assert ran.output == "one\n"
    assert ran.outcome.error.line == 6
    assert [note for note in ran.repairs if "without a body" in note] == [
        f"The definition of {name} without a body was left out: it is there already."
        for name in ("read_file", "search")
    ]
    own = lab.run("def read_file(path):\n    return 'own'\nprint(read_file('a.txt'))")
    assert (own.output, own.requests) == ("own\n", [])
    assert lab.run("def later(path): ...\nprint(later('a.txt'))").output == "None\n"


@pytest.mark.parametrize(
    ("program", "left"),
    [
        ("from shop.cart import (\n    total)\nprint(read_file('a'))", "pass\n\nprint(read_file('a'))"),
        (
            "from shop import total\ndef total(): ...\nsave_definition('a.py', total)",
            "pass\ndef total(): ...\nsave_definition('a.py', total)",
        ),
        ("import numpy as np\nwrite_file('a', '')", "pass\nwrite_file('a', '')"),
    ],
)
def test_imports_that_cannot_be_made_and_that_nothing_uses_are_left_out(program, left):
    repaired = repair(program)
    assert repaired.code == left
    (note,) = repaired.notes
    assert note.endswith("was left out: nothing uses it, and programs have none.")


@pytest.mark.parametrize(
    "program",
    [
        "import seed\nprint(1)",
        "from shop import total\nprint(read_file('a'), total)",
        "from shop import total\ndef f(): return total()\nsave_definition('a.py', f)",
        "import json, re\nprint(read_file('a'))",
        "from . import cart\nprint(read_file('a'))",
    ],
)
def test_other_imports_stay(program):
    assert repair(program).code == program


def test_beside_what_is_saved_a_copied_test_and_its_data_are_left_out_with_their_import():
    copied = "from shop import Cart\n\nCART = Cart(2)\n\ndef test_cart():\n    assert CART.sum() == Cart(2).sum()\n"
    saving = "\ndef total(cart):\n    return cart.sum()\n\nsave_definition('shop.py', total)"
    assert repair(copied + saving).code == "pass\n\npass\n\npass\n\n" + saving
    assert repair(copied + "\nprint(read_file('a'))").code == copied + "\nprint(read_file('a'))"
    used = copied + "print(CART)\n" + saving
    assert repair(used).code == used
    decorated = copied.replace("def test", "@marked\ndef test")
    assert repair(decorated + saving).code == "pass\n\npass\n\npass\n\n\n" + saving
    also_saved = copied + saving + "\nsave_definition('test_shop.py', test_cart)"
    assert "from shop import Cart" in repair(also_saved).code


@pytest.mark.parametrize(
    ("program", "left"),
    [
        ("from tools import read_file\nprint(read_file('a'))", "pass\nprint(read_file('a'))"),
        ("from read_file import read_file as read\nprint(read('a'))", "read = read_file\nprint(read('a'))"),
        ("import calculator\nprint(calculator(2))", "pass\nprint(calculator(2))"),
        ("from helpers.maths import calculator\nprint(calculator(2))", "pass\nprint(calculator(2))"),
        ("def f():\n    from functions import (\n        search,\n        read_file)\n", "def f():\n    pass\n\n\n"),
    ],
)
def test_functions_that_programs_have_need_no_import(program, left):
    repaired = repair(program, ["calculator"])
    assert repaired.code == left
    (note,) = repaired.notes
    assert note.endswith("was left out: it is there already.")


@pytest.mark.parametrize(
    "program",
    [
        "from websearch import search\nprint(search('a'))",
        "from tools import read_file, other\nprint(other(read_file('a')))",
        "from re import search\nprint(search('a', 'a'))",
        "from .tools import read_file\nprint(read_file('a'))",
    ],
)
def test_imports_of_other_things_by_such_names_stay(program):
    assert repair(program).code == program


def test_a_module_of_the_project_is_not_taken_for_the_functions(tmp_path):
    (tmp_path / "tools.py").write_text("def read_file(path): ...")
    program = "from tools import read_file\nprint(read_file('a'))"
    assert repair(program, root=tmp_path).code == program
    assert repair(program, root=tmp_path / "elsewhere").code != program


@pytest.mark.parametrize(
    ("program", "value"),
    [
        ("words = 'a b c'.split()\ntotal: int = len(words)", "3"),
        ("total = 1\ntotal += len('a b c'.split())  # how many", "4"),
        ("price = 4\ntotal = price * 3\n# in euros", "12"),
        ("result = run_command('echo done')", "Result(exit_code=0, stdout='done\\n', stderr='')"),
        ("found = [path for path in list_files()\n         if path == 'a.txt']\n\n", "['a.txt']"),
    ],
)
def test_what_a_silent_program_has_found_out_last_is_its_value(lab, program, value):
    ran = lab.run(program)
    assert ran.outcome.value == value
    (note,) = ran.repairs
    assert note.endswith("is told, because nothing was printed.")


@pytest.mark.parametrize(
    "program",
    [
        "total = 5",
        "total: int",
        "print(1)\ntotal = len('a')",
        "import sys\nsys.stdout.write('1')\ntotal = len('a')",
        "if True:\n    total = len('a')",
        "a, b = divmod(7, 2)",
        "from shop import total\nx = total()",
    ],
)
def test_other_programs_end_as_they_are(program):
    assert repair(program).code == program


def test_a_program_that_is_indented_as_a_whole_is_put_to_the_left(lab):
    ran = lab.run("    for n in range(2):\n        print(n)\n\n    print('end')")
    assert ran.outcome.output == "0\n1\nend\n"
    assert "indentation of the whole program" in repair("  print(1)").notes[0]
    assert repair("print(1)\n  print(2)").notes == ()
