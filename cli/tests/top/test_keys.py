"""Keys come as bytes, in pieces, and are words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events_cli.top.keys import Keys


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"m", ["m"]),
        (b"\x1b[A\x1bOB", ["up", "down"]),
        (b"\x1b[5~\x1b[6~\x1b[H\x1b[4~", ["page up", "page down", "home", "end"]),
        (b"\r\x7f\x15\x0c\t", ["enter", "erase", "erase all", "redraw", "tab"]),
        ("ü表".encode(), ["ü", "表"]),
        (b"\x1bq", ["escape", "q"]),
        (b"\x1b[1;5Cx", ["x"]),  # a sequence that means nothing here is passed over as a whole
        (b"\x00\x01\xff", ["\N{REPLACEMENT CHARACTER}"]),
    ],
)
def test_keys_are_words_however_their_bytes_are_cut(data, words):
    assert [*Keys().feed(data)] == words
    keys = Keys()
    assert [key for byte in data for key in keys.feed(bytes([byte]))] == words


def test_an_escape_that_nothing_follows_is_the_key_itself():
    keys = Keys()
    assert [*keys.feed(b"\x1b")] == [] and keys.pending
    assert [*keys.flush()] == ["escape"] and not keys.pending
    assert [*keys.flush()] == []


@given(st.lists(st.binary(max_size=8)))
def test_whatever_is_typed_is_read(pieces):
    keys = Keys()
    for piece in pieces:
        for key in keys.feed(piece):
            assert key and (len(key) > 1 or key.isprintable())
