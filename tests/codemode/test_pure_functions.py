"""Library functions that the host computes: exact, never shown as calls, and bounded."""

import time

import pytest


def test_they_are_no_external_calls(lab):
    ran = lab.run("import textwrap, difflib\nprint(textwrap.fill('a b c', 3), list(difflib.ndiff(['a'], ['b'])))")
    assert ran.outcome.error is None
    assert ran.requests == []


BOMBS = [
    "import pprint\npprint.pformat([[1]], indent=10**9)",
    "import textwrap\ntextwrap.fill('a ' * 1000, 3, initial_indent='x', subsequent_indent='y' * 1000000)",
    "import textwrap\ntextwrap.fill('a\\t', tabsize=10**9)",
    "import calendar\ncalendar.month(2024, 1, 10**8)",
    "import difflib\na = [str(i) for i in range(100000)]\ndifflib.SequenceMatcher(None, a, a).ratio()",
    "import difflib\ndifflib.get_close_matches('a' * 100000, ['b' * 100000])",
    "import ast\nast.parse('(' * 100000)",
    "import ast\nast.parse('-' * 300000 + '1')",
    "import struct\nstruct.pack('999999999x')",
    "import statistics\nstatistics.variance([10 ** 400000, 3, 5])",
    "import ast\nast.dump(ast.parse('1'), indent=10**9)",
    "import xml.etree.ElementTree as ET\nET.fromstring('<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>')",
]


@pytest.mark.parametrize("code", BOMBS)
def test_none_of_them_can_be_made_to_take_the_agent_down(lab, code):
    began = time.monotonic()
    error = lab.run(code).outcome.error
    assert error.kind in {"runtime", "limit"}
    assert time.monotonic() - began < 3
    assert lab.run("1 + 1").outcome.value == "2"


def test_a_syntax_error_that_a_program_meets_is_its_own(lab):
    code = "import ast\nfound = 1\ntry:\n    ast.parse('def')\nexcept SyntaxError as e:\n    print('bad', e.msg)"
    assert lab.run(code).output == "bad invalid syntax\n"
    assert lab.run("import ast\nfound = 2\nast.parse('def')").outcome.error.line == 3
    assert lab.run("found").outcome.value == "2"


def test_nothing_else_of_the_host_can_be_reached(lab):
    for name in ("os.system", "subprocess.run", "ast.compile", "importlib.import_module", "shlex.open", "textwrap.re"):
        code = f"try:\n    _host_pure({name!r}, 'x')\nexcept NotImplementedError as e:\n    print(e)"
        assert "not available" in lab.run(code).output
