"""A file keeps what a program did not change: encoding, byte-order mark, line ends."""

from __future__ import annotations

import codecs
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from punie_acp.workspace.base import NotTextError
from punie_acp.workspace.text import decode, encode, normalise

BYTES = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=100).map(str.encode),
    st.text(max_size=50).map(lambda t: codecs.BOM_UTF16_LE + t.encode("utf-16-le")),
    st.lists(st.sampled_from([b"a", b"\xe9", b"\r", b"\n", b"\r\n", b"\xc3\xa9"]), max_size=40).map(b"".join),
)


@given(BYTES)
@example(codecs.BOM_UTF8 + b"a\r\nb")
@example(codecs.BOM_UTF32_BE + "a\n".encode("utf-32-be"))
@example(codecs.BOM_UTF16_LE + b"\0\0a\0")  # begins like UTF-32
@example(b"caf\xe9 \x93quoted\x94 \x81\r\n")
def test_writing_what_was_read_changes_no_byte(data):
    try:
        decoded = decode(data, "f")
    except NotTextError:
        return
    assert encode(decoded.text, "f", decoded) == data


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        (codecs.BOM_UTF8 + b"x", "x"),
        (codecs.BOM_UTF16_BE + "é\r\n".encode("utf-16-be"), "é\n"),
        (b"na\xefve \x80", "naïve €"),
        (b"one\x0btwo\x0cthree\n", "one\x0btwo\x0cthree\n"),
    ],
)
def test_text_is_read_with_plain_newlines_and_without_a_mark(data, text):
    assert decode(data, "f").text == text


@pytest.mark.parametrize(
    "data", [b"a\0b", b"\x1f\x8b\x08\xff\xfe", b"\x89PNG\r\n\x1a\n", codecs.BOM_UTF16_LE + b"a", bytes(range(1, 256))]
)
def test_binary_data_is_refused_by_name(data):
    with pytest.raises(NotTextError, match=r"img\.bin"):
        decode(data, "img.bin")


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        (b"a\r\nb\r\n", "a\nnew\nb\n", b"a\r\nnew\r\nb\r\n"),
        (b"a\r\nb\r\n", "a\r\nb\nc", b"a\r\nb\r\nc"),
        (b"a\nb\r\nc\nd\n", "a\nb\nnew\nc\nd\n", b"a\nb\r\nnew\nc\nd\n"),
        (b"a\r\nb\nc\r\n", "b\nc\nd\n", b"b\nc\r\nd\r\n"),
        (b"one line", "now\ntwo\n", b"now\ntwo\n"),
        (codecs.BOM_UTF8 + b"a\n", "é\n", codecs.BOM_UTF8 + "é\n".encode()),
        (codecs.BOM_UTF16_LE + "a\r\n".encode("utf-16-le"), "b\n", codecs.BOM_UTF16_LE + "b\r\n".encode("utf-16-le")),
        (b"caf\xe9\n", "café €\n", b"caf\xe9 \x80\n"),
    ],
)
def test_a_change_keeps_the_form_of_the_file(before, text, after):
    assert encode(text, "f", decode(before, "f")) == after


def test_a_new_file_is_written_as_given():
    assert encode("a\r\nb\n", "f") == b"a\r\nb\n"


def test_a_character_that_the_encoding_lacks_is_named():
    with pytest.raises(NotTextError, match=r"notes\.txt is written in cp1252, which has no character '→'"):
        encode("caf\xe9 →", "notes.txt", decode(b"caf\xe9", "notes.txt"))
    with pytest.raises(NotTextError, match="utf-8"):
        encode("\ud800", "notes.txt")


@given(st.text(alphabet="ab\r\n", max_size=60), st.text(alphabet="ab\n", max_size=60))
def test_any_rewrite_of_any_mixture_of_line_ends_says_what_it_should(old, new):
    written = encode(new, "f", decode(old.encode(), "f"))
    assert normalise(written.decode()) == new


def test_a_large_file_with_mixed_line_ends_is_rewritten_in_reasonable_time():
    old = b"".join(b"line %d\r\n" % i if i % 3 else b"line %d\n" % i for i in range(60_000))
    new = decode(old, "f").text.replace("line", "LINE")
    start = time.monotonic()
    assert normalise(encode(new, "f", decode(old, "f")).decode()) == new
    assert time.monotonic() - start < 5
