"""Programs that import the project's own modules."""

import pytest

from punie_acp.codemode.events import CallType
from punie_acp.codemode.projectcode import handed_to_project


@pytest.fixture
def lab(lab):
    (lab.root / "hives").mkdir()
    (lab.root / "hives/views.py").write_text(
        "PAGE_SIZE = 6\nTEXT = '''a'''\n\ndef fail():\n    raise LookupError('no hive')\n"
    )
    (lab.root / "src/shop").mkdir(parents=True, exist_ok=True)
    (lab.root / "src/shop/__init__.py").write_text("price = 12\n")
    return lab


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("import hives.views\nprint(hives.views.PAGE_SIZE)", "6\n"),
        ("from hives import views\nfor n in range(2):\n    print(n, views.PAGE_SIZE)", "0 6\n1 6\n"),
        ("from shop import price\nprint(price)", "12\n"),
        ("from src.shop import price\nprint(price)", "12\n"),
        ("from hives.views import TEXT\nprint('''x''' + TEXT, '\\\\n')", "xa \\n\n"),
        ("import json, b\nprint(json.dumps(b.x))", "1\n"),
    ],
)
def test_the_projects_own_python_runs_them_in_one_command(lab, code, printed):
    ran = lab.run(code)

    assert (ran.outcome.error, ran.output) == (None, printed)
    (request,) = ran.requests
    assert request.type is CallType.SHELL
    assert code in request.raw_input["command"][2]
    assert any("The project's own Python runs it, because it imports " in note for note in ran.repairs)


def test_what_goes_wrong_there_is_told(lab):
    ran = lab.run("from hives.views import fail\nprint('before')\nfail()")
    assert ran.output == "before\n"
    assert ran.outcome.error.message == "RuntimeError: LookupError: no hive"
    refused = lab.run("import hives.views", refuse=lambda call: "the user said no")
    assert refused.outcome.error.message.startswith("PermissionError")


def test_others_stay_in_the_sandbox(lab):
    lab.run("known = 3")
    for code in (
        "import json\nprint(json.dumps(1))",
        "import hives.views\nprint(read_file('a.txt'))",
        "import hives.views\nprint(known)",
        "import nowhere",
        "import hives.views as",
    ):
        ran = lab.run(code)
        assert not any(request.type is CallType.SHELL for request in ran.requests)
        assert all(
            "own Python" not in note for event in ran.watcher.of(object) for note in getattr(event, "repairs", ())
        )
    (lab.root / "json.py").write_text("")
    assert handed_to_project("import json", lab.root, (), ()) is None


def test_a_project_with_an_environment_of_its_own_has_that_run_them(lab):
    own = lab.root / ".venv/bin/python"
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\necho own\n")
    own.chmod(0o755)
    assert lab.run("import hives.views").output == "own\n"
