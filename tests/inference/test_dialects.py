"""The dialects: what is rendered reads back, nothing is lost, and pieces do not matter."""

from __future__ import annotations

import ast
import io
import json
import tokenize
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_acp.inference.dialects import (
    DIALECTS,
    ArgumentDelta,
    CallEnd,
    CallStart,
    Malformed,
    TextDelta,
    Tool,
    choose_dialect,
)
from punie_acp.inference.dialects.python_strings import PythonStrings

CODE = Tool("execute_code", "Run a program.", {"type": "object", "properties": {"code": {"type": "string"}}})
SCHEMA = {
    "path": {"type": "string"},
    "line": {"type": "integer"},
    "all": {"type": "boolean"},
    "ratio": {"type": "number"},
    "options": {"type": "object"},
    "names": {"type": "array"},
    "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
}
SEARCH = Tool("search", "Search.", {"type": "object", "properties": SCHEMA})
MANY = [CODE, SEARCH]


def parse(dialect, text, tools=(CODE,), pieces=None):
    """All events of `text`, fed in `pieces` or one by one, neighbours joined; and the parser."""
    parser = DIALECTS[dialect].parser(list(tools))
    events = []
    for piece in pieces if pieces is not None else text:
        events += parser.feed(piece)
    return joined(events + parser.finish()), parser


def joined(events):
    result = []
    for event in events:
        match (result[-1] if result else None, event):
            case (TextDelta(a), TextDelta(b)):
                result[-1] = TextDelta(a + b)
            case (ArgumentDelta(name, a), ArgumentDelta(same, b)) if name == same:
                result[-1] = ArgumentDelta(name, a + b)
            case _:
                result.append(event)
    return result


def calls(events):
    names = [event.name for event in events if isinstance(event, CallStart)]
    arguments = [dict(event.arguments) for event in events if isinstance(event, CallEnd)]
    assert len(names) == len(arguments)
    return list(zip(names, arguments, strict=True))


def text_of(events):
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def program_of(events):
    ((name, arguments),) = calls(events)
    assert name == "execute_code"
    return arguments["code"]


XML, XML_END = "<tool_call>\n<function=execute_code>\n<parameter=code>\n", "\n</parameter>\n</function>\n</tool_call>"
CALL = '<tool_call>\n{"name": "execute_code", "arguments": '
DOCSTRING = 'x = """\n</parameter>\n</function>\n"""'
JSON, JSON_END = CALL + '{"code": "', '"}}\n</tool_call>'

# Programs with strings and comments in which every marker of every dialect may stand.
MARKERS = [
    "</parameter>",
    "</function>",
    "</tool_call>",
    "<tool_call>",
    "```",
    "```python",
    "\n",
    "'",
    '"',
    "\\",
    "{",
    "}",
]
MARKERS += ['"}}', "<parameter=code>", "<function=execute_code>", "#", "é🙂", "x", " "]
nasty = st.lists(st.sampled_from(MARKERS) | st.text(max_size=3), max_size=12).map("".join)


def _triple(text):
    return 'r"""' + text.replace('"', "").replace("\\", "").replace("\r", "").replace("\0", "") + '"""'


def _comment(text):
    return "# " + "".join(text.split("\0")).replace("\r", "").replace("\n", " ") + "\npass"


statement = (
    nasty.map(lambda text: f"a = {text!r}")
    | nasty.map(lambda text: f"b = {_triple(text)}")
    | nasty.map(_comment)
    | st.sampled_from(["print(a < b)", "x = {'a': [1, 2]}", "for i in range(3):\n    print(i)\n", "y = f'{x[\"a\"]}'"])
)
programs = st.lists(statement, max_size=5).map("\n".join)


def cut(text, places):
    ends = sorted({min(place, len(text)) for place in places} | {len(text)})
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


places = st.lists(st.integers(0, 300), max_size=10)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(program=programs, places=places, prose=st.sampled_from(["", "Let me look.\n\n", "A < b, `x` and {y}\n"]))
@settings(deadline=None)
def test_a_rendered_program_reads_back_as_itself(dialect, program, places, prose):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ast.parse(program)
    text = prose + DIALECTS[dialect].render_call("execute_code", {"code": program})
    events, parser = parse(dialect, text, pieces=cut(text, places))
    assert program_of(events) == program
    assert text_of(events) == prose.rstrip()
    assert "".join(event.text for event in events if isinstance(event, ArgumentDelta)) == program
    assert not any(isinstance(event, Malformed) for event in events)
    assert parser.consumed == len(text)


@pytest.mark.parametrize("dialect", ["xml", "json"])
@given(
    arguments=st.fixed_dictionaries(
        {},
        optional={
            "path": st.text(alphabet=st.characters(exclude_characters="<", exclude_categories=["Cs"])),
            "line": st.integers(-(10**9), 10**9),
            "all": st.booleans(),
            "ratio": st.floats(allow_nan=False, allow_infinity=False),
            "options": st.dictionaries(st.text(), st.none() | st.text() | st.integers()),
            "names": st.lists(st.text() | st.none()),
            "limit": st.none() | st.integers(0, 9),
        },
    ),
    places=places,
)
@settings(deadline=None)
def test_rendered_arguments_read_back_with_their_types(dialect, arguments, places):
    text = DIALECTS[dialect].render_call("search", arguments)
    events, _ = parse(dialect, text, MANY, cut(text, places))
    assert calls(events) == [("search", arguments)]


FRAGMENTS = [
    *MARKERS,
    "<function=search>",
    '{"name": "execute_code", "arguments": {"code": "',
    '"}',
    "\\n",
    "\\u00e9",
    "```xml\n",
]
soup = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=5), max_size=25).map("".join)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(text=soup, places=places)
@settings(deadline=None, max_examples=300)
def test_no_text_breaks_a_parser_and_pieces_do_not_matter(dialect, text, places):
    tools = [CODE] if dialect == "fence" else MANY
    whole, _ = parse(dialect, text, tools, [text])
    pieces, _ = parse(dialect, text, tools, cut(text, places))
    single, parser = parse(dialect, text, tools)
    assert whole == pieces == single
    for streamed, end in _streamed(whole):
        assert all(end[name] == value for name, value in streamed.items())
    if not calls(whole):
        assert text_of(whole) == text
    json.dumps([dict(e.arguments) for e in whole if isinstance(e, CallEnd)], ensure_ascii=False).encode()
    assert parser.consumed <= len(text)


def _streamed(events):
    """For each call: what was streamed of its arguments, and what it ended with."""
    streamed = {}
    for event in events:
        match event:
            case CallStart():
                streamed = {}
            case ArgumentDelta(name, text):
                streamed[name] = streamed.get(name, "") + text
            case CallEnd(arguments):
                yield streamed, arguments


@pytest.mark.parametrize(
    ("dialect", "text", "program"),
    [
        ("xml", XML + "x = '</parameter>'" + XML_END, "x = '</parameter>'"),
        ("xml", XML + DOCSTRING + "\n</parameter>\n</function>", DOCSTRING),
        ("xml", XML + "print(1)\nprint(2)", "print(1)\nprint(2)"),
        ("xml", XML + "print(1)\n</function>\n</tool_call>", "print(1)"),
        ("xml", XML + "print(1)\n</tool_call>\n<tool_response>2", "print(1)"),
        ("xml", XML.replace("\n", "") + "print(1)" + XML_END.replace("\n", ""), "print(1)"),
        ("xml", "<function=execute_code>\n<parameter=code>\nprint(1)" + XML_END, "print(1)"),
        ("xml", "```xml\n" + XML + "print(1)" + XML_END + "\n```", "print(1)"),
        ("xml", "<tool_call>\n<function=execute_code>\nprint(1)\n</function>\n</tool_call>", "print(1)"),
        ("xml", XML + "print('''a)" + XML_END, "print('''a)"),
        ("xml", '<tool_call>\n{"name": "execute_code", "arguments": {"code": "print(1)' + JSON_END, "print(1)"),
        ("json", JSON + "print(1)\nprint(2)" + JSON_END, "print(1)\nprint(2)"),
        ("json", JSON + 'print("a", "b")' + JSON_END, 'print("a", "b")'),
        ("json", JSON + "re.findall('\\d+', x)" + JSON_END, "re.findall('\\d+', x)"),
        ("json", (CALL + '{"code": "print(1)", }}\n</tool_call>').replace('"', "'"), "print(1)"),
        ("json", JSON + '""print("a")\n""' + JSON_END, 'print("a")\n'),
        ("json", CALL + '"{\\"code\\": \\"print(1)\\"}"}\n</tool_call>', "print(1)"),
        ("json", '<tool_call>\n{"arguments": {"code": "print(1)"}, "name": "execute_code"}\n</tool_call>', "print(1)"),
        ("json", '<tool_call>\n{"name": "execute_code", "code": "print(1)"}\n</tool_call>', "print(1)"),
        ("json", JSON.replace("{", '{"type": "function", "function": {', 1) + 'print(1)"}}}', "print(1)"),
        ("json", '<tool_call>\n{"arguments": {"code": "print(1)' + JSON_END, "print(1)"),
        ("json", JSON + "print(1)", "print(1)"),
        ("json", JSON + "print(1)\n</tool_call>", "print(1)"),
        ("json", JSON + 'print(1)"}\n</tool_call>', "print(1)"),
        ("json", '```json\n{"name": "execute_code", "arguments": {"code": "print(1)"}}\n```\nDone.', "print(1)"),
        ("json", JSON + 'print(1)"}} trailing\n</tool_call>', "print(1)"),
        ("fence", "```python\nprint(1)\n```\n```output\n2", "print(1)"),
        ("fence", "```Python\nprint(1)", "print(1)"),
        ("fence", "Sure: ```py\nprint(1)```", "print(1)"),
        ("fence", "```\nprint(1)\n```", "print(1)"),
        ("fence", '```python\nx = """\n```\ntext\n```\n"""\nprint(x)\n```', 'x = """\n```\ntext\n```\n"""\nprint(x)'),
        ("fence", '```python\nprint("""a)\n```', 'print("""a)'),
        ("fence", "1. Look:\n   ```python\n   if a:\n       print(1)\n   ```", "if a:\n    print(1)"),
    ],
)  # fmt: skip
def test_what_models_really_write_is_read_as_meant(dialect, text, program):
    events, parser = parse(dialect, text)
    assert program_of(events) == program
    assert parser.done


def test_text_before_a_call_is_kept_and_text_after_it_dropped():
    text = f"Let me see.\n{XML}1{XML_END}"
    events, parser = parse("xml", text + "\n<tool_response>invented")
    assert text_of(events) == "Let me see."
    assert parser.consumed == len(text)


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("xml", "Use <tool_call> and <function=foo> to call; `a < b`. \n"),
        ("json", 'A call is {"name": "x"} in <tool_call'),
        ("fence", "Run this:\n```bash\n```python\npip install x\n```\nand ```inline``` too.\n```\n{'a': 1}\n```\n"),
        ("fence", "```text\nunclosed"),
    ],
)
def test_markers_that_begin_no_call_stay_text(dialect, text):
    events, _ = parse(dialect, text)
    assert events == [TextDelta(text)]


def test_every_call_is_delivered_whether_in_one_block_or_in_several():
    first = "<function=search>\n<parameter=path>\na.py\n</parameter>\n<parameter=line>\n3\n</parameter>\n</function>"
    second = (
        "<function=search>\n<parameter=path>\nb.py\n</parameter>\n<parameter=limit>\nNone\n</parameter>\n</function>"
    )
    expected = [("search", {"path": "a.py", "line": 3}), ("search", {"path": "b.py", "limit": None})]
    for text in (
        f"<tool_call>\n{first}\n{second}\n</tool_call>",
        f"<tool_call>\n{first}\n</tool_call>\n<tool_call>\n{second}\n</tool_call>\nDone.",
    ):
        assert calls(parse("xml", text, MANY)[0]) == expected
    one, two = (f'{{"name": "search", "arguments": {{"line": {line}}}}}' for line in (1, 2))
    for text in (f"<tool_call>\n{one}\n{two}\n</tool_call>", f"<tool_call>[{one}, {two}]</tool_call>"):
        assert calls(parse("json", text, MANY)[0]) == [("search", {"line": 1}), ("search", {"line": 2})]


def test_a_call_without_a_readable_name_is_delivered_so_that_the_agent_can_answer_it():
    events, _ = parse("json", '<tool_call>\n{"foo": 1}\n</tool_call>', MANY)
    assert calls(events) == [("unreadable_call", {"foo": 1})]
    assert any(isinstance(event, Malformed) for event in events)


def test_fenced_json_that_calls_an_unknown_tool_is_a_call_and_other_json_is_text():
    text = '```json\n{\n  "name": "list_files",\n  "arguments": {\n    "pattern": "*.py"\n  }\n}\n```'
    assert calls(parse("json", text)[0]) == [("list_files", {"pattern": "*.py"})]
    text = '{"name": "punie", "version": "1"}'
    assert parse("json", text)[0] == [TextDelta(text)]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_program_is_shown_while_it_is_written(dialect):
    call = DIALECTS[dialect].render_call("execute_code", {"code": "first = 1\nsecond = 2\n"})
    parser = DIALECTS[dialect].parser([CODE])
    events = parser.feed(call[: call.index("second")])
    assert joined(events) == [CallStart("execute_code"), ArgumentDelta("code", "first = 1\n")] or joined(events) == [
        CallStart("execute_code"),
        ArgumentDelta("code", "first = 1"),
    ]


def test_one_program_ends_the_answer_at_its_close():
    for dialect in DIALECTS.values():
        parser = dialect.parser([CODE])
        parser.feed(dialect.render_call("execute_code", {"code": "print(1)"}))
        assert parser.done


@pytest.mark.parametrize("dialect", ["xml", "json"])
def test_a_model_that_is_to_make_one_call_is_stopped_after_it(dialect):
    first, second = (DIALECTS[dialect].render_call("search", {"line": line}) for line in (1, 2))
    parser = DIALECTS[dialect].parser(MANY, one_call=True)
    assert calls((joined(parser.feed(f"Look:\n{first}\n{second}")), parser)[0]) == [("search", {"line": 1})]
    assert parser.done
    several = DIALECTS[dialect].parser(MANY)
    events = joined(several.feed(f"Look:\n{first}\n{second}") + several.finish())
    assert calls(events) == [("search", {"line": 1}), ("search", {"line": 2})]


def test_one_call_is_taken_of_a_block_that_holds_two():
    two = "<tool_call>\n<function=search>\n</function>\n<function=execute_code>\n</function>\n</tool_call>"
    parser = DIALECTS["xml"].parser(MANY, one_call=True)
    assert calls(joined(parser.feed(two) + parser.finish())) == [("search", {})]
    assert parser.done


def test_parameters_without_names_are_taken_in_their_order():
    text = "<tool_call>\n<function=search>\n<parameter>a.py</parameter>\n<parameter>3</parameter>\n</function>"
    events, _ = parse("xml", text, MANY)
    assert calls(events) == [("search", {"path": "a.py", "line": 3})]
    assert sum(isinstance(event, Malformed) for event in events) == 2


def test_deep_nesting_is_read_as_text_instead_of_exhausting_the_stack():
    for text in ("[" * 100_000, '{"a":' * 100_000, '[{"a":' * 50_000):
        prefix = '<tool_call>{"name": "search", "arguments": {"options": '
        assert calls(parse("json", prefix + text, MANY, [prefix + text])[0])[0][0] == "search"


@given(programs)
@settings(deadline=None)
def test_the_string_scanner_agrees_with_pythons_tokenizer(program):
    scanner, position = PythonStrings(), 0
    lines = [0]
    for line in program.split("\n"):
        lines.append(lines[-1] + len(line) + 1)
    for token, place, inside in _places(program, lines):
        while position < place:
            scanner.feed(program[position])
            position += 1
        assert scanner.inside == inside, token


def _places(program, lines):
    """Places of which Python's tokenizer says whether they are in a string or comment: the start of code, the last
    character of a string or comment."""
    in_f_string = 0
    for token in tokenize.generate_tokens(io.StringIO(program).readline):
        in_f_string += {"FSTRING_START": 1, "FSTRING_END": -1}.get(tokenize.tok_name[token.type], 0)
        if token.type in (tokenize.STRING, tokenize.COMMENT) and not in_f_string and len(token.string) > 1:
            yield token, lines[token.end[0] - 1] + token.end[1] - 1, True
        elif token.type in (tokenize.NAME, tokenize.OP, tokenize.NUMBER) and not in_f_string:
            yield token, lines[token.start[0] - 1] + token.start[1], False


def test_the_dialect_is_chosen_by_the_setting_then_the_catalogue_then_the_template():
    xml, hermes, plain = "<tool_call>\n<function=", '<tool_call>\n{"name":', "<|im_start|>"
    assert choose_dialect("fence", "json", xml).name == "fence"
    assert choose_dialect("", "json", xml).name == "json"
    assert [choose_dialect("", None, template).name for template in (xml, hermes, plain)] == ["xml", "json", "fence"]
    with pytest.raises(ValueError, match="xml, json, fence"):
        choose_dialect("yaml")


def test_a_fence_refuses_tools_that_it_cannot_call():
    with pytest.raises(ValueError, match="execute_code, search"):
        DIALECTS["fence"].parser(MANY)


@pytest.mark.parametrize("dialect", ["xml", "json"])
def test_how_to_call_is_shown_by_an_example_that_a_schema_has(dialect):
    look = Tool("look", "Look.", {"type": "object", "properties": {"path": {"type": "string"}}})
    pattern = {"type": "string", "examples": ["def area"]}
    find = Tool("find", "Find.", {"type": "object", "properties": {"glob": {"type": "string"}, "pattern": pattern}})
    block = DIALECTS[dialect]
    assert block.instructions([look, find]).endswith("\n" + block.render_call("find", {"pattern": "def area"}))
    assert block.instructions([look]).endswith("\n" + block.render_call("look", {"path": "value"}))
