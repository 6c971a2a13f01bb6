"""The editors' settings files: what the user wrote stays, our entry comes, and nothing is written on doubt."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from punie_acp.editors.entries import existing_entry, merged, settings_files
from punie_acp.editors.files import EditorSettingsError, apply_change, plan_change
from punie_acp.editors.jsonc import JsoncError, parse, set_member
from punie_acp.editors.launch import Launch, stable_launch

LAUNCH = Launch("/opt/bin/punie-acp")

ZED = """\
// Zed settings. https://zed.dev/docs
{
  "theme": "One Dark", // the dark one
  /* fonts */
  "buffer_font_size": 15,
  "agent_servers": {
    // my other agent
    "Gemini": { "command": "gemini", "args": ["--acp"], },
  },
  "vim_mode": true,
}
"""


def test_an_entry_joins_the_other_agents_and_the_comments_stay():
    assert merged(ZED, "zed", LAUNCH, None) == snapshot(
        """\
// Zed settings. https://zed.dev/docs
{
  "theme": "One Dark", // the dark one
  /* fonts */
  "buffer_font_size": 15,
  "agent_servers": {
    // my other agent
    "Gemini": { "command": "gemini", "args": ["--acp"], },
    "Punie": {
      "type": "custom",
      "command": "/opt/bin/punie-acp",
      "args": [
        "--stdio"
      ],
      "env": {}
    },
  },
  "vim_mode": true,
}
"""
    )


def test_a_comment_after_the_last_member_stays_with_it():
    text = '{\n\t"a": 1 // one\n\t// "b": 2\n}\n'
    assert set_member(text, ("c",), 3) == '{\n\t"a": 1, // one\n\t// "b": 2\n\t"c": 3\n}\n'


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", '{\n  "x": {\n    "y": 1\n  }\n}\n'),
        ("// nothing yet", '// nothing yet\n{\n  "x": {\n    "y": 1\n  }\n}\n'),
        ("{}", '{\n  "x": {\n    "y": 1\n  }\n}'),
        ('{"a": 1}', '{"a": 1, "x": {"y": 1}}'),
        ('{"a": 1,}', '{"a": 1, "x": {"y": 1}}'),
        ('{"x": {}}', '{"x": {\n  "y": 1\n}}'),
        ('{\r\n    "a": 1\r\n}\r\n', '{\r\n    "a": 1,\r\n    "x": {\r\n        "y": 1\r\n    }\r\n}\r\n'),
        ('\ufeff{\n  "a": 1 }', '\ufeff{\n  "a": 1,\n  "x": {\n    "y": 1\n  }\n}'),
        ('{"x": {"y": 0 /* zero */}}', '{"x": {"y": 1 /* zero */}}'),
    ],
)
def test_the_layout_of_the_file_is_kept(text, after):
    assert set_member(text, ("x", "y"), 1) == after


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1', "line 1, column 8: the text ends too early"),
        ('{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3: "," was expected'),
        ("{a: 1}", 'line 1, column 2: a key in double quotation marks, or "}", was expected'),
        ('{"a": 01}', "line 1, column 7: a value was expected"),
        ('{"a": "x\n"}', "line 1, column 7: a string without its closing quotation mark, or with a line break in it"),
        ('{"a": "\\q"}', "line 1, column 8: Invalid \\escape"),
        ('{"a": 1 /* open }', 'line 1, column 9: "," was expected'),
        ("{} {}", "line 1, column 4: something follows the end of the value"),
        ("[" * 5000, "line 1, column 102: nested more than 100 deep"),
        ("[1]", "line 1, column 1: the file is not an object"),
        ('{"x": []}', "line 1, column 7: x is not an object"),
        ('{"x": {}, "x": {}}', "line 1, column 1: the key 'x' stands twice in one object"),
    ],
)
def test_what_cannot_be_edited_is_refused_with_its_place(text, message):
    with pytest.raises(JsoncError) as error:
        set_member(text, ("x", "y"), 1)
    assert str(error.value) == message


blanks = st.lists(st.sampled_from([" ", "\n", "\t", "\r\n", "// note, { }\n", '/* "x": */']), max_size=3).map("".join)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
documents = st.dictionaries(
    st.text(max_size=3) | st.just("x"),
    st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)),
    max_size=4,
)


def commented(value: object, draw: st.DrawFn) -> str:
    """`value` as JSON with comments, blanks and trailing commas drawn at every place where they may stand."""

    def blank() -> str:
        return draw(blanks)

    def joined(items: list[str], opening: str, closing: str) -> str:
        comma = "," if items and draw(st.booleans()) else ""
        return opening + ",".join(items) + comma + blank() + closing

    if isinstance(value, dict):
        items = [f"{blank()}{json.dumps(k)}{blank()}:{commented(v, draw)}" for k, v in value.items()]
        return joined(items, "{", "}")
    if isinstance(value, list):
        return joined([commented(item, draw) for item in value], "[", "]")
    return blank() + json.dumps(value) + blank()


@given(st.data(), documents, leaves)
def test_setting_a_member_changes_that_member_and_no_other_byte(data, document, value):
    if not isinstance(document.get("x", {}), dict):
        document["x"] = {}
    text = data.draw(blanks) + commented(document, data.draw) + data.draw(blanks)
    after = set_member(text, ("x", "y"), value)
    assert parse(text).value == document
    expected = {**document, "x": {**document.get("x", {}), "y": value}}
    assert json.dumps(parse(after).value, sort_keys=True) == json.dumps(expected, sort_keys=True)
    assert set_member(after, ("x", "y"), value) == after
    if "y" not in document.get("x", {}):  # an insertion: every byte but blanks is still there, in order
        remaining = iter(after)
        assert all(character in remaining for character in text if not character.isspace())


@given(st.text(alphabet='{}[]",:/* \n\\x1tn', max_size=40))
def test_the_parser_agrees_with_json_on_every_text_that_json_accepts(text):
    try:
        expected = json.loads(text)
    except ValueError:
        return
    assert parse(text).value == expected


def test_an_entry_that_is_right_already_changes_nothing(tmp_path):
    file = tmp_path / "settings.json"
    file.write_text(merged(ZED, "zed", LAUNCH, None))
    assert not plan_change("zed", file, LAUNCH, None).is_needed


def test_an_older_entry_gets_the_new_command_and_keeps_what_the_user_added():
    text = """{"agent_servers": {"Punie": {"command": "/old/punie-acp", // moved
        "args": ["--stdio", "--mode", "auto", "--model", "qwen2.5-coder-0.5b"],
        "env": {"PUNIE_LOG_LEVEL": "debug"}}}}"""
    after = merged(text, "jetbrains", LAUNCH, "qwen2.5-coder-7b")
    assert "// moved" in after
    assert existing_entry(after) == {
        "command": "/opt/bin/punie-acp",
        "args": ["--stdio", "--mode", "auto", "--model", "qwen2.5-coder-7b"],
        "env": {"PUNIE_LOG_LEVEL": "debug"},
    }


def test_a_change_keeps_a_backup_the_mode_and_the_link(tmp_path):
    real, link = tmp_path / "dotfiles.json", tmp_path / "settings.json"
    real.write_text(ZED)
    real.chmod(0o640)
    link.symlink_to(real.name)
    backup = apply_change(plan_change("zed", link, LAUNCH, None))
    assert backup is not None
    assert backup.read_text() == ZED
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert real.read_text() == merged(ZED, "zed", LAUNCH, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([real.name, link.name, backup.name])


@pytest.mark.parametrize(
    "content", [b'{"agent_servers": {"Gemini": }', b'{"name": "caf\xe9"}', b'{"agent_servers": 1}']
)
def test_a_file_that_cannot_be_understood_is_left_alone(tmp_path, content):
    file = tmp_path / "acp.json"
    file.write_bytes(content)
    with pytest.raises(EditorSettingsError, match="Nothing was written"):
        plan_change("jetbrains", file, LAUNCH, None)
    assert file.read_bytes() == content


def test_a_file_that_changes_meanwhile_is_not_overwritten(tmp_path):
    file = tmp_path / "acp.json"
    file.write_text("{}")
    change = plan_change("jetbrains", file, LAUNCH, None)
    file.write_text('{"agent_servers": {"Other": {"command": "other"}}}')
    with pytest.raises(EditorSettingsError, match="changed by another program"):
        apply_change(change)
    assert "Other" in file.read_text()


def test_the_launch_command_exists_and_is_absolute():
    launch = stable_launch()
    assert Path(launch.command).is_absolute()
    assert os.access(launch.command, os.X_OK)


def test_each_editor_has_a_settings_file_of_this_user():
    for editor in ("zed", "jetbrains"):
        assert all(file.is_absolute() for file in settings_files(editor))
