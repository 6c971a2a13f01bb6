"""`symbols` and `references`: what is in the code of a project, by reading it."""

import pytest

from punie_acp.codemode.events import CallType
from punie_acp.codemode.functions import Place
from punie_acp.codemode.tools.detecting import ProjectTools
from punie_acp.codemode.tools.functions import tool_functions
from punie_acp.codemode.tools.naming import occurrences
from punie_acp.codemode.tools.outlines import outline
from punie_acp.workspace.local import LocalWorkspace

PYTHON = '''\
"""Says area() in a text."""
LIMIT: int = 3

class Shape:  # area
    sides = 4

    def area(self, unit="m"):
        text = "area"
        return f"{self.area} {unit} area"

    async def grow(self): ...

if LIMIT:
    def make(area=None):
        def inner():
            return area
        return inner().area()
'''

TYPESCRIPT = """\
import { area } from "./area";
export interface Shape { area(): number }
export default class Square implements Shape {
  constructor(private side: number) {}
  async area(): Promise<number> {
    if (this.side < 0) { throw new Error("}") }
    return this.side ** 2;
  }
}
export const double = (x: number): number => x * 2;
function main() {
  console.log(new Square(2).area(), areas);
}
"""

GO = """\
type Shape struct {
\tside int
}
func (s *Shape) Area() int { return s.side }
func main() {
\tprintln("x")
}
"""

RUST = """\
pub struct Shape;
impl Shape {
    pub async fn area<T>(&self) -> u32 {
        1
    }
}
fn main() {}
"""

JAVA = """\
public class Shape extends Base {
    private int side = 1;
    public static int area(int side) {
        return side * side;
    }
}
"""

RUBY = "class Shape\n  def area\n    1\n  end\nend\n"


@pytest.fixture
def coding(lab):
    place = Place(LocalWorkspace(lab.root), 60.0)
    lab.portal.call(lab.sandbox.set_extra, tool_functions(place, ProjectTools(has_code=True)))
    (lab.root / "shape.py").write_text(PYTHON)
    (lab.root / "square.ts").write_text(TYPESCRIPT)
    yield lab
    lab.portal.call(lab.sandbox.set_extra, [])


def test_the_symbols_of_a_python_file(coding):
    ran = coding.run(
        "for one in symbols('shape.py'):\n    print(one.kind, one.parent, one.name, one.line, one.end_line)"
    )
    assert ran.output.splitlines() == [
        "variable  LIMIT 2 2",
        "class  Shape 4 11",
        "variable Shape sides 5 5",
        "method Shape area 7 9",
        "method Shape grow 11 11",
        "function  make 14 17",
        "function make inner 15 16",
    ]
    (request,) = ran.requests
    assert (request.type, request.title) == (CallType.READ, "Read shape.py for its symbols")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "a.ts",
            TYPESCRIPT,
            (
                "class Shape 2-2, class Square 3-9, method Square.constructor 4-4, method Square.area 5-8, "
                "function double 10-10, function main 11-13"
            ),
        ),
        ("a.go", GO, "class Shape 1-3, function Area 4-4, function main 5-7"),
        ("a.rs", RUST, "class Shape 1-1, class Shape 2-6, method Shape.area 3-5, function main 7-7"),
        ("A.java", JAVA, "class Shape 1-6, method Shape.area 3-5"),
        ("a.rb", RUBY, "class Shape 1-5, method Shape.area 2-4"),
        ("a.sh", "x=1\nbuild() {\n  make\n}\n", "function build 2-4"),
        ("a.c", "static int area(int x)\n{\n  return f(x);\n}\n", "function area 1-4"),
        (
            "broken.py",
            "class A:\n    def f(self):\n        x = (\n\ndef g(): pass\n",
            "class A 1-3, method A.f 2-3, function g 5-5",
        ),
        ("a.md", "# class A\n", ""),
    ],
)
def test_symbols_of_other_languages_are_seen_by_the_look_of_their_lines(name, text, expected):
    found = [
        f"{one.kind} {one.parent}{'.' if one.parent else ''}{one.name} {one.line}-{one.end_line}"
        for one in outline(text, name)
    ]
    assert ", ".join(found) == expected


def test_references_in_python_are_names_and_no_texts_or_comments(coding):
    ran = coding.run("for one in references('Shape.area'):\n    print(one.path, one.line, one.column, one.text)")
    assert ran.output.splitlines() == [
        'shape.py 7 9 def area(self, unit="m"):',
        'shape.py 9 24 return f"{self.area} {unit} area"',
        'shape.py 9 37 return f"{self.area} {unit} area"',
        "shape.py 14 14 def make(area=None):",
        "shape.py 16 20 return area",
        "shape.py 17 24 return inner().area()",
        'square.ts 1 10 import { area } from "./area";',
        'square.ts 1 25 import { area } from "./area";',
        "square.ts 2 26 export interface Shape { area(): number }",
        "square.ts 5 9 async area(): Promise<number> {",
        "square.ts 12 29 console.log(new Square(2).area(), areas);",
    ]
    (request,) = ran.requests
    assert (request.type, request.title) == (CallType.READ, "Find references to area")


def test_a_python_file_that_cannot_be_taken_apart_is_searched_by_words():
    found = occurrences("area = (\nareas\n# area\n", "broken.py", "area")
    assert [(one.line, one.column) for one in found] == [(1, 1), (3, 3)]


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("symbols('a.txt')", "not code in a language"),
        ("symbols('none.py')", "none.py"),
        ("references('def area')", "references() takes one name"),
        ("symbols('../x.py')", "outside"),
    ],
)
def test_what_cannot_be_answered_is_said(coding, code, part):
    assert part in coding.run(code).outcome.error.message
