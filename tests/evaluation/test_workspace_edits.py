"""Edits of tasks of `workspace` as others would make them: right ones pass the checks, tempting ones do not."""

from __future__ import annotations

import shutil

import pytest

from punie_acp.evaluation.checks import check_task, take_snapshot
from punie_acp.evaluation.suites import load_suite

PROJECTS, TASKS = load_suite("workspace")

SEARCH = ("hivebook/search-in-any-case", "hivebook/views.py")
LOWER_BOTH = "if wanted.lower() in hive.name.lower() or wanted.lower() in hive.site.lower()]"
AS_TYPED = "if wanted in hive.name or wanted in hive.site]"
NOTES = ("hivebook/notes-are-text", "hivebook/pages.py", 'Raw("<br>".join(text.splitlines()))')
STATIC = ("hivebook/stay-in-static", "hivebook/views.py", "if not file.is_file():")
EMPTY = ("hivebook/no-empty-page", "hivebook/figures.py", "len(rows) // size + 1")
HOURS = ("ladle/whole-hours", "src/ladle/text.py", 'f"{minutes // 60} h {minutes % 60} min"')
MIXED = ("ladle/mixed-numbers", "src/ladle/units.py", '    # TODO: "1 1/2"\n')
HUNDRED = ("tideline/hundred-metres", "scripts/totals.py", "round(pieces / metres, 1)")
COMMA = ("hivebook/honey-with-a-comma", "hivebook/forms.py", "float(text)")
RIGHT = [
    (*SEARCH, AS_TYPED, LOWER_BOTH),
    (*NOTES, 'Raw(html.escape(text, quote=False).replace("\\n", "<br>"))'),
    (*STATIC, "if STATIC.resolve() not in file.resolve().parents or not file.is_file():"),
    (*EMPTY, "(len(rows) - 1) // size + 1 if rows else 1"),
    (*COMMA, 'float(".".join(text.split(",")))'),
    (*HOURS, 'f"{minutes // 60} h {minutes % 60} min".replace(" 0 min", "")'),
    (*MIXED, '    if " " in text:\n        return int(text.split()[0]) + parse_amount(text.split()[1])\n'),
    (*HUNDRED, "round(pieces / (metres / 100), 1)"),
]
WRONG = {
    "what was typed comes back in small letters": (
        *SEARCH,
        AS_TYPED,
        "if (wanted := wanted.lower()) in hive.name.lower() or wanted in hive.site.lower()]",
    ),
    "only the name in any case": (*SEARCH, "wanted in hive.name", "wanted.lower() in hive.name.lower()"),
    "the line break is escaped too": (*NOTES, '"<br>".join(text.splitlines())'),
    "only tags of one kind go": (*NOTES, 'Raw("<br>".join(text.replace("<script>", "").splitlines()))'),
    "no dots, but absolute paths": (*STATIC, 'if ".." in name or not file.is_file():'),
    "a folder beside that begins alike": (
        *STATIC,
        "if not str(file.resolve()).startswith(str(STATIC.resolve())) or not file.is_file():",
    ),
    "an empty list without a page": (*EMPTY, "-(-len(rows) // size)"),
    "one page too few": (*EMPTY, "max(1, len(rows) // size)"),
    "what is after the comma is lost": (*COMMA, 'float(text.split(",")[0])'),
    "any number of commas": (*COMMA, 'float(text.replace(",", ".", 1).replace(",", ""))'),
    "minutes that end with 0": (*HOURS, 'f"{minutes // 60} h {minutes % 60} min".replace("0 min", "").strip()'),
    "one digit before the fraction": (
        *MIXED,
        '    if " " in text:\n        return int(text[0]) + parse_amount(text[2:])\n',
    ),
    "rounded too early": (*HUNDRED, "round(pieces / metres, 1) * 100"),
    "HEAD with a body": (
        "hivebook/head-requests",
        "hivebook/app.py",
        "self.router.match(request.method, ",
        'self.router.match(request.method.replace("HEAD", "GET"), ',
    ),
    "moved, but kept by another": (
        "hivebook/a-hive-moves",
        "data/hives.json",
        '"Am Zaun", "site": "Obertal"',
        '"Am Zaun", "site": "Heide"',
    ),
}


@pytest.mark.parametrize(
    ("edit", "passes"),
    [(edit, True) for edit in RIGHT] + [pytest.param(edit, False, id=name) for name, edit in WRONG.items()],
)
def test_checks_tell_right_edits_from_tempting_ones(tmp_path, edit, passes):
    name, path, old, new = edit
    task = next(task for task in TASKS if task.id == name)
    project = next(project for project in PROJECTS if project.name == task.project)
    shutil.copytree(project.folder, tmp_path, dirs_exist_ok=True)
    before = take_snapshot(tmp_path)
    text = (tmp_path / path).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (tmp_path / path).write_text(text.replace(old, new), encoding="utf-8")
    reasons = [one.reason for one in check_task(task, tmp_path, before, "Done.") if not one.passed]
    assert (reasons == []) is passes, reasons
