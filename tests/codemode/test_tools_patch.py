"""`apply_patch`: unified diffs as models write them, all of one or nothing."""

import subprocess

import pytest

from punie_acp.codemode.events import CallType
from punie_acp.codemode.functions import Place
from punie_acp.codemode.tools.detecting import ProjectTools
from punie_acp.codemode.tools.functions import tool_functions
from punie_acp.codemode.tools.hunks import HunkError, patched
from punie_acp.codemode.tools.patchtext import read_patch
from punie_acp.workspace.local import LocalWorkspace

SHAPES = "".join(f"def shape{n}():\n    return {n}\n\n" for n in range(1, 31))


@pytest.fixture
def patching(lab):
    place = Place(LocalWorkspace(lab.root), 60.0)
    lab.portal.call(lab.sandbox.set_extra, tool_functions(place, ProjectTools()))
    (lab.root / "shapes.py").write_text(SHAPES)
    yield lab
    lab.portal.call(lab.sandbox.set_extra, [])


def apply(lab, patch: str, **options):
    return lab.run(f"print(apply_patch({patch!r}))", **options)


CHANGE = """\
--- a/shapes.py
+++ b/shapes.py
@@ -{line},3 +{line},4 @@
 def shape20():
-    return 20
+    # twenty
+    return 10 * 2

"""


@pytest.mark.parametrize("line", [58, 1, 5000])
def test_a_hunk_is_found_by_its_lines_wherever_it_says_that_it_is(patching, line):
    ran = apply(patching, CHANGE.format(line=line))
    assert ran.output == "['shapes.py']\n"
    assert (patching.root / "shapes.py").read_text() == SHAPES.replace("return 20\n", "# twenty\n    return 10 * 2\n")


def test_all_files_of_a_patch_are_one_question_with_all_diffs(patching):
    patch = (
        "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
        "diff --git a/new/file.txt b/new/file.txt\nnew file mode 100644\n"
        "--- /dev/null\n+++ b/new/file.txt\n@@ -0,0 +1,2 @@\n+first\n+second\n"
        "diff --git a/src/b.py b/src/c.py\nsimilarity index 90%\nrename from src/b.py\n"
        "rename to src/c.py\n--- a/src/b.py\n+++ b/src/c.py\n"
        "@@ -1,2 +1,2 @@\n # TODO: first\n-x = 1\n+x = 2\n"
        "diff --git a/data.json b/data.json\ndeleted file mode 100644\n--- a/data.json\n+++ /dev/null\n@@ -1 +0,0 @@\n"
        '-{"name": "punie", "n": 3}\n'
    )
    ran = apply(patching, patch)
    (request,) = ran.requests
    assert (request.type, request.kind, request.title) == (
        CallType.WRITE,
        "delete",
        "Apply a patch to a.txt, new/file.txt, src/c.py and 2 more",
    )
    root = patching.root
    assert [(change.path, change.old_text, change.new_text) for change in request.changes] == [
        (str(root / "a.txt"), "one\ntwo\nthree\n", "one\n2\nthree\n"),
        (str(root / "new/file.txt"), None, "first\nsecond\n"),
        (str(root / "src/c.py"), "# TODO: first\nx = 1\n", "# TODO: first\nx = 2\n"),
        (str(root / "data.json"), '{"name": "punie", "n": 3}\n', ""),
    ]
    assert {location.path for location in request.locations} >= {str(root / "src/b.py"), str(root / "src/c.py")}
    assert (root / "new/file.txt").read_text() == "first\nsecond\n"
    assert (root / "src/c.py").read_text() == "# TODO: first\nx = 2\n"
    assert [(root / name).exists() for name in ("src/b.py", "data.json")] == [False, False]
    assert ran.outcome.effects == (request.title,)


def test_a_new_file_needs_no_dev_null(patching):
    """Models name the file twice; what the hunk says is clear all the same."""
    ran = apply(patching, "--- a/new.txt\n+++ b/new.txt\n@@ -0,0 +1,2 @@\n+first\n+second\n")
    assert ran.output == "['new.txt']\n"
    assert (patching.root / "new.txt").read_text() == "first\nsecond\n"
    assert ran.requests[0].changes[0].old_text is None


def test_a_refused_patch_changes_nothing(patching):
    ran = apply(patching, CHANGE.format(line=58), refuse=lambda _: "no")
    assert ran.outcome.error.message == "PermissionError: no"
    assert (patching.root / "shapes.py").read_text() == SHAPES


def test_one_hunk_that_does_not_fit_keeps_all_from_being_written_and_says_where_it_came_closest(patching):
    patch = (
        "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+1\n"
        "--- a/shapes.py\n+++ b/shapes.py\n@@ -1,2 +1,2 @@\n def shape1():\n-    return 1\n+    return 0\n"
        "@@ -40,2 +40,2 @@\n def shape14():\n-    retrun 14\n+    return 0\n"
    )
    ran = apply(patching, patch)
    message = ran.outcome.error.message
    assert "shapes.py: hunk 2 of 2 does not fit; the nearest is at line 40:\ndef shape14():\n    return 14" in message
    assert (patching.root / "a.txt").read_text() == "one\ntwo\nthree\n"
    assert [(finish.status, request.title) for finish, request in zip(ran.finishes, ran.requests, strict=True)] == [
        ("failed", "Apply a patch")
    ]


def test_a_difference_in_white_space_is_said_to_be_one(patching):
    ran = apply(patching, "--- a/shapes.py\n+++ b/shapes.py\n@@ @@\n def shape14():\n-  return 14\n+    return 0\n")
    assert "line 40 differs from it only in white space" in ran.outcome.error.message


def test_a_secret_file_is_not_quoted(patching):
    (patching.root / ".env").write_text("TOKEN=abcdefg\n")
    ran = apply(patching, "--- a/.env\n+++ b/.env\n@@ -1 +1 @@\n-TOKEN=abcdefh\n+TOKEN=\n")
    assert ".env: hunk 1 of 1 does not fit" in ran.outcome.error.message
    assert "abcdefg" not in ran.outcome.error.message


def test_line_ends_encoding_and_mode_are_kept_through_a_move(patching):
    file = patching.root / "win.txt"
    file.write_bytes("één\r\ntwee\r\n".encode("cp1252"))
    file.chmod(0o755)
    ran = apply(patching, "--- a/win.txt\n+++ b/moved/win.txt\n@@ -1,2 +1,3 @@\n één\n-twee\n+2\n+drie\n")
    assert ran.outcome.error is None
    moved = patching.root / "moved" / "win.txt"
    assert moved.read_bytes() == "één\r\n2\r\ndrie\r\n".encode("cp1252")
    assert moved.stat().st_mode & 0o777 == 0o755


def test_what_was_written_is_taken_back_where_a_later_file_cannot_be(patching):
    (patching.root / "src" / "b.py").write_bytes(b"caf\xe9 = 1\n")  # no UTF-8
    patch = (
        "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+1\n--- /dev/null\n+++ b/made/here/x.txt\n@@ -0,0 +1 @@\n+x\n"
        "--- a/src/b.py\n+++ b/src/b.py\n@@ -1 +1 @@\n-café = 1\n+café = '日本'\n"
    )
    ran = apply(patching, patch)
    assert "has no character '日'" in ran.outcome.error.message
    assert (patching.root / "a.txt").read_text() == "one\ntwo\nthree\n"
    assert (patching.root / "src" / "b.py").read_bytes() == b"caf\xe9 = 1\n"
    assert not (patching.root / "made").exists()


def test_a_file_that_changed_while_the_user_was_asked_is_left_alone(patching):
    def meanwhile(_: object) -> None:
        (patching.root / "a.txt").write_text("one\ntwo\n")

    ran = apply(patching, "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+1\n", refuse=meanwhile)
    assert "a.txt changed while this patch waited" in ran.outcome.error.message
    assert (patching.root / "a.txt").read_text() == "one\ntwo\n"


REFUSED = [
    ("hello", "no unified diff"),
    ("@@ -1 +1 @@\n-a\n+b\n", "without"),
    ("--- a/a.txt\n+++ b/a.txt\n", "has no hunks"),
    ("--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n one\n", "changes nothing"),
    ("--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+x\n", "a.txt exists already"),
    ("--- a/none.txt\n+++ b/none.txt\n@@ -1 +1 @@\n-x\n+y\n", "none.txt"),
    ("--- a/a.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n", "more in it than the patch shows"),
    ("--- a/../x\n+++ b/../x\n@@ -0,0 +1 @@\n+x\n", "outside"),
    ("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", "mode"),
    ("--- a/shapes.py\n+++ b/shapes.py\n@@ @@\n \n-def\n+x\n", "does not fit"),
    ("--- a/src/deep/c.py\n+++ b/src/deep/c.py\n@@ @@\n+x\n", "give it some context"),
]


@pytest.mark.parametrize(("patch", "part"), REFUSED)
def test_what_cannot_be_done_is_said(patching, patch, part):
    ran = apply(patching, patch)
    assert ran.outcome.error is not None
    assert part in ran.outcome.error.message


def test_a_hunk_that_fits_in_several_places_needs_its_line():
    text = "a\nx\na\nx\na\nx\n"
    (file,) = read_patch("--- f\n+++ f\n@@ -3,2 +3,2 @@\n a\n-x\n+y\n")
    assert patched(text, file.hunks) == "a\nx\na\ny\na\nx\n"
    (file,) = read_patch("--- f\n+++ f\n@@ @@\n a\n-x\n+y\n")
    with pytest.raises(HunkError, match=r"hunk 1 of 1 fits in 3 places \(lines 1, 3, 5\)"):
        patched(text, file.hunks)


def test_removed_lines_that_look_like_a_header_are_lines():
    (file,) = read_patch("--- a/q.sql\n+++ b/q.sql\n@@ -1,3 +1,2 @@\n select 1\n--- old remark\n select 2\n")
    assert patched("select 1\n-- old remark\nselect 2\n", file.hunks) == "select 1\nselect 2\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb", "a\nb\n"),
        ("a\nb\n", "a\nb"),
        ("a\nb", "a\nc"),
        ("", "a\n"),
        ("a\n", ""),
        ("a\n\n\nb\n", "a\n\nb\n\n"),
        ("1\n2\n3\n", "0\n1\n2\n3\n4\n"),
        (SHAPES, SHAPES.replace("return 3", "return 4").replace("def shape28():\n", "")),
    ],
)
def test_it_does_what_git_does(tmp_path, before, after):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "f").write_text(before)
    (tmp_path / "b" / "f").write_text(after)
    made = subprocess.run(
        ["git", "diff", "--no-index", "a/f", "b/f"], cwd=tmp_path, capture_output=True, text=True, check=False
    ).stdout
    for patch in (made, made.replace("\n", "\r\n"), made.replace("\n \n", "\n\n")):
        (file,) = read_patch(patch)
        assert patched(before, file.hunks) == after
