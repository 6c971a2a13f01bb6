"""`save_definition`: definitions of a program, put into the project's Python files."""

import ast
import re
import sys
import textwrap

import pytest

from punie_acp.agent.instructions import instructions
from punie_acp.codemode.defining import parse_definition, with_definition
from punie_acp.codemode.events import CallType
from punie_acp.codemode.lifting import lift

SHAPES = '''\
"""Shapes."""

import math

WIDTH = 3


# How large it is.
def area(width, height):
    return width * height


class Circle:
    """Round."""

    def __init__(self, radius):
        self.radius = radius

    @property
    def size(self):
        return math.pi * self.radius**2


if __name__ == "__main__":
    print(area(1, 2))
'''


@pytest.fixture
def shapes(lab):
    file = lab.root / "shapes.py"
    file.write_text(SHAPES)
    return file


def saved(text: str, code: str) -> str:
    new, line = with_definition(text, parse_definition(textwrap.dedent(code)), "shapes.py")
    ast.parse(new)
    first = parse_definition(textwrap.dedent(code)).text.split("\n")[0]
    assert new.replace("\r\n", "\n").split("\n")[line - 1].strip() == first
    return new


def test_a_function_takes_the_place_of_the_one_in_the_file(lab, shapes):
    ran = lab.run(
        """
def area(width, height):
    if width < 0:
        raise ValueError("a negative width")
    return width * height

save_definition("shapes.py", area)
"""
    )
    assert ran.outcome.error is None, ran.outcome.error
    new = '    if width < 0:\n        raise ValueError("a negative width")\n    return width * height\n'
    assert shapes.read_text() == SHAPES.replace("    return width * height\n", new)
    (request,) = ran.requests
    assert request.type is CallType.WRITE
    assert request.title == "Edit shapes.py (area)"
    assert request.function == "save_definition"
    assert request.source_line == 7
    assert request.locations[0].line == 9
    assert request.changes[0].old_text == SHAPES
    assert ran.outcome.effects == ("Edit shapes.py (area)",)


def test_what_is_new_goes_before_the_main_block(lab, shapes):
    ran = lab.run("def twice(n):\n    return 2 * n\nsave_definition('shapes.py', twice)\nprint('done')")
    assert ran.output == "done\n"
    before, _, after = SHAPES.partition("if __name__")
    assert shapes.read_text() == f"{before}def twice(n):\n    return 2 * n\n\n\nif __name__{after}"


def test_what_is_saved_may_use_what_the_sandbox_does_not_have(lab, shapes):
    (lab.root / "test_shapes.py").write_text("from shapes import area\n")
    ran = lab.run(
        """
import pytest
import numpy as np
from shapes import Circle

@pytest.mark.parametrize("radius", [1, 2])
def test_circle(radius: Missing):
    assert Circle(radius).size > np.pi * unknown(radius)

save_definition("test_shapes.py", test_circle)
print("saved")
"""
    )
    assert ran.output == "saved\n", ran.outcome.error
    assert (lab.root / "test_shapes.py").read_text() == (
        "from shapes import area\nimport pytest\nimport numpy as np\nfrom shapes import Circle\n\n\n"
        '@pytest.mark.parametrize("radius", [1, 2])\ndef test_circle(radius: Missing):\n'
        "    assert Circle(radius).size > np.pi * unknown(radius)\n"
    )


def test_the_example_of_the_instructions_works(lab, shapes):
    (lab.root / "test_shapes.py").write_text("def test_one():\n    pass\n")
    programs = re.findall(r"```python\n(.*?)```", instructions(), re.DOTALL)
    (example,) = (program for program in programs if "def test_perimeter" in program)
    ran = lab.run(example.replace("python -m pytest -q", f"{sys.executable} -m pytest -q -p no:cacheprovider"))
    assert ran.outcome.error is None, ran.outcome.error
    assert "2 passed" in ran.output
    assert (lab.root / "test_shapes.py").read_text().startswith("from shapes import perimeter\n\n\ndef test_one")


def test_what_the_program_itself_uses_is_run_too(lab, shapes):
    ran = lab.run(
        """
import math

def floor_area(width, height):
    return math.floor(width * height)

save_definition("shapes.py", floor_area)
print(floor_area(1.5, 3))
"""
    )
    assert ran.output == "4\n"
    assert "def floor_area" in shapes.read_text()
    assert shapes.read_text().count("import math") == 1
    assert lab.run("print(floor_area(2, 2))").output == "4\n"


def test_one_saved_definition_may_use_another(lab, shapes):
    ran = lab.run(
        """
from somewhere import scale

def grown(n):
    return scale(n)

def twice(n):
    return grown(grown(n))

save_definition("shapes.py", grown)
save_definition(path="shapes.py", code=twice)
"""
    )
    assert ran.outcome.error is None, ran.outcome.error
    text = shapes.read_text()
    assert "import math\nfrom somewhere import scale\n" in text
    assert text.index("def grown") < text.index("def twice") < text.index("if __name__")


def test_a_program_that_uses_what_it_cannot_run_is_told_so(lab, shapes):
    ran = lab.run(
        "from shapes import area\ndef more(n):\n    return area(n, n)\nsave_definition('shapes.py', more)\nmore(1)"
    )
    assert "no module 'shapes'" in ran.outcome.error.message
    assert shapes.read_text() == SHAPES


def test_names_and_texts_of_definitions_are_taken_too(lab, shapes):
    lab.run("def one():\n    return 1\nsave_definition('shapes.py', 'one')")
    lab.run("save_definition('shapes.py', '''\ndef two():\n    return 2\n''')")
    assert "def one():\n    return 1\n\n\ndef two():\n    return 2\n\n\nif" in shapes.read_text()


def test_the_definition_of_the_program_is_meant_by_its_name_in_the_module(lab, shapes):
    program = "import shapes\ndef area(width, height):\n    return 2 * width * height\n"
    ran = lab.run(program + "save_definition('shapes.py', shapes.area)")
    assert ran.outcome.error is None, ran.outcome.error
    assert "return 2 * width * height" in shapes.read_text()


def test_a_new_file_is_created(lab):
    ran = lab.run("import re\nclass Found(dict):\n    a = re.compile('')\nsave_definition('new/found.py', Found)")
    assert ran.requests[0].title == "Create new/found.py"
    text = (lab.root / "new" / "found.py").read_text()
    assert text == "import re\n\n\nclass Found(dict):\n    a = re.compile('')\n"


def test_a_refused_one_changes_nothing(lab, shapes):
    ran = lab.run(
        "def area(a):\n    pass\nsave_definition('shapes.py', area)", refuse=lambda call: "the user refused this"
    )
    assert ran.outcome.error.message.startswith("PermissionError")
    assert shapes.read_text() == SHAPES


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("for one in [print]:\n    save_definition('shapes.py', one)", "the name of what this program defines"),
        ("save_definition('shapes.py', 'print(1)')", "takes one function, class or constant"),
        ("A = 1\nsave_definition('twice.py', A)", "twice.py gives A a value at line 1, 2"),
        ("A = [1]\nA.append(2)\nsave_definition('shapes.py', A)", "found 'list[int]'"),
        ("area = 1\nsave_definition('shapes.py', area)", "shapes.py has another area; use edit_file"),
        ("save_definition('shapes.py', 'def f(:')", "not valid Python"),
        ("def f():\n    pass\nsave_definition('../shapes.py', f)", "outside"),
        ("def f():\n    pass\nsave_definition('broken.py', f)", "broken.py is not valid Python"),
        ("class Circle:\n    pass\nsave_definition('shapes.py', Circle)", "also has __init__, size"),
        ("def either():\n    pass\nsave_definition('branches.py', either)", "line 2, not at its top level"),
    ],
)
def test_what_cannot_be_meant_is_said_and_changes_nothing(lab, shapes, program, told):
    files = {
        "shapes.py": SHAPES,
        "broken.py": "def (\n",
        "branches.py": "if True:\n    def either():\n        pass\n",
        "twice.py": "A = 1\nA = 2\n",
    }
    for name, text in files.items():
        (lab.root / name).write_text(text)
    ran = lab.run(program)
    assert told in ran.outcome.error.message
    assert {name: (lab.root / name).read_text() for name in files} == files


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("WIDTH = 4.5", "import a\n\nWIDTH = (\n    3\n)  # wide\nX = 1\n", "import a\n\nWIDTH = 4.5  # wide\nX = 1\n"),
        (
            "BANDS = [\n    (1.0, 4),\n    (-2, None),\n]",
            "BANDS = []\r\n",
            "BANDS = [\r\n    (1.0, 4),\r\n    (-2, None),\r\n]\r\n",
        ),
        ("A: dict[str, int] = {'a': 2 * 3}", "A: dict = {}\nB = 1\n", "A: dict[str, int] = {'a': 2 * 3}\nB = 1\n"),
        ("NEW = 1", '"Doc."\n\nimport a\n\nX = 2\n', '"Doc."\n\nimport a\n\nNEW = 1\n\nX = 2\n'),
        ("NEW = 1", "def f():\n    pass\n", "NEW = 1\n\n\ndef f():\n    pass\n"),
        ("NEW = 1", "", "NEW = 1\n"),
    ],
)
def test_a_constant_takes_the_place_of_the_one_of_its_name_or_stands_behind_the_imports(lab, code, before, after):
    (lab.root / "rates.py").write_bytes(before.encode())
    name = re.match(r"\w+", code)[0]
    ran = lab.run(f"{code}\nsave_definition('rates.py', {name})\nprint({name})")
    assert ran.outcome.error is None
    assert (lab.root / "rates.py").read_bytes().decode() == after


def test_a_method_takes_the_place_of_the_one_of_its_name():
    new = saved(
        SHAPES,
        '''
        def size(self):
            """How large.

            It is.
            """
            text = """
        kept as it is
        """
            return text
        ''',
    )
    assert (
        "    @property\n    def size(self):\n"
        '        """How large.\n\n        It is.\n        """\n'
        '        text = """\nkept as it is\n"""\n        return text\n\n\nif' in new
    )


def test_decorators_of_the_new_one_count_where_it_has_some():
    new = saved(SHAPES, "@functools.cached_property\ndef size(self):\n    return 1\n")
    assert "@property" not in new
    assert "    @functools.cached_property\n    def size(self):\n        return 1\n" in new


def test_a_whole_class_takes_the_place_of_its_old_self():
    new = saved(
        SHAPES,
        "class Circle:\n    def __init__(self, r):\n        self.r = r\n\n    def size(self):\n        return self.r\n",
    )
    assert "Round" not in new
    assert "self.r = r" in new


def test_line_ends_and_the_end_of_the_file_stay():
    assert saved("a = 1\r\n", "def f():\n    pass") == "a = 1\r\n\r\n\r\ndef f():\r\n    pass\r\n"
    assert saved("", "import re\n\ndef f():\n    re.sub\n") == "import re\n\n\ndef f():\n    re.sub\n"
    assert saved("# Only this.\n", "def f():\n    pass\n") == "# Only this.\n\n\ndef f():\n    pass\n"
    assert saved('"""Doc."""\n', "import re\ndef f():\n    re\n") == '"""Doc."""\n\nimport re\n\n\ndef f():\n    re\n'
    assert saved("X = 1\n", "import re\ndef f():\n    re\n") == "import re\n\n\nX = 1\n\n\ndef f():\n    re\n"


def test_every_line_stays_where_it_is():
    code = "import re\n\n@cache\ndef f():\n    return re\n\nsave_definition('a.py', f)\nprint(1)"
    lifted = lift(code)
    assert lifted.count("\n") == code.count("\n")
    assert lifted.split("\n")[-1] == "print(1)"
    assert lifted.startswith("pass\n\npass\n")


@pytest.mark.parametrize(
    "code",
    [
        "def save_definition(a, b):\n    pass\ndef f(): pass\nsave_definition('a', f)",
        "save_definition('a.py', ",
        "print('save_definition')",
        "save_definition('a.py', f)",
        "def g():\n    def f(): pass\n    save_definition('a.py', f)",
    ],
)
def test_other_programs_stay_as_they_are(code):
    assert lift(code) == code
