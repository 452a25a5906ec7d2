"""What is read and written by hand is what h11 reads and writes."""

from __future__ import annotations

import socket
from collections.abc import Callable
from unittest import mock

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pulp_events_http.connections import connection as module
from pulp_events_http.connections.connection import Connection
from pulp_events_http.connections.failures import NotHttp
from pulp_events_http.connections.plain_answer import plain_answer
from pulp_events_http.connections.request_head import request_head
from pulp_events_http.limits import TimeLimits

FIELDS = (
    b"Content-Length: 0", b"Content-Length: 3", b"content-length:3", b"Content-Length: 03", b"Content-Length: 3, 3",
    b"Content-Length: -3", b"Transfer-Encoding: chunked", b"Connection: close", b"Connection: keep-alive",
    b"Connection: Keep-Alive", b"Upgrade: h2c", b"Server: nginx", b"Date: Thu, 26 Nov 2026 18:00:00 GMT", b"X-Empty:",
    b"X-Odd: \xc3\xa4", b"X Space: 1", b" folded", b"no colon", b"X-Bell: \x07", b"Retry-After: \t120 \t", b"",
)  # fmt: skip

answers = st.builds(
    lambda line, fields, end, body: b"".join([line, b"\r\n", *(field + b"\r\n" for field in fields), end, body]),
    st.sampled_from(
        [b"HTTP/1.1 200 OK", b"HTTP/1.1 200 ", b"HTTP/1.1 200", b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 Not",
         b"HTTP/1.1 503 Busy", b"HTTP/1.1 101 Switching Protocols", b"HTTP/1.1 100 Continue", b"HTTP/1.0 200 OK",
         b"HTTP/1.1 099 ?", b"HTTP/1.1 600 ?", b"HTTP/1.1 200 \xc3\xa4", b"HTTP/2 200", b"junk"]
    ),
    st.lists(st.sampled_from(FIELDS), max_size=4),
    st.sampled_from([b"\r\n", b"", b"\n"]),
    st.sampled_from([b"", b"abc", b"abcd", b"3\r\nabc\r\n0\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]),
)  # fmt: skip


def outcome(data: bytes) -> object:
    """All that an exchange makes of these octets, behind which the connection ends."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        limits = TimeLimits(60.0, 60.0, 60.0)
        limits.begin()
        connection = Connection(ours, 0.0)
        connection.begin(limits)
        connection.send(request_head("POST", "/", [("Host", "h"), ("Content-Length", "0")]), b"")
        try:
            head = connection.head()
        except (NotHttp, OSError) as error:
            return type(error), str(error)
        return head, connection.body(), connection.is_reusable(), connection.unclean, connection.has_come


@given(answers)
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nServer: nginx\r\n\r\nabc")
def test_an_answer_read_by_hand_is_the_one_that_h11_reads(data: bytes) -> None:
    by_hand = outcome(data)
    with mock.patch.object(module, "plain_answer", lambda data: None):
        assert outcome(data) == by_hand


@given(st.binary(max_size=64))
def test_octets_of_any_kind_are_never_taken_for_what_h11_does_not_read(noise: bytes) -> None:
    for data in (noise, b"HTTP/1.1 200 " + noise, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + noise + b"\r\n\r\n"):
        if plain_answer(data) is not None:
            with mock.patch.object(module, "plain_answer", lambda data: None):
                by_h11 = outcome(data)
            assert outcome(data) == by_h11


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n"
        b"Connection: keep-alive\r\n\r\nok",
        b"HTTP/1.1 204 No Content\r\nDate: Thu, 26 Nov 2026 18:00:00 GMT\r\n\r\n",
        b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n",
    ],
)
def test_what_servers_usually_answer_needs_no_h11(data: bytes) -> None:
    with mock.patch.object(module, "_protocol", side_effect=AssertionError("h11 was asked")):
        assert isinstance(outcome(data), tuple)
    assert plain_answer(data) is not None


@given(
    st.sampled_from(["/", "/hook?a=1&b=%20", "https://ci.example/"]),
    st.dictionaries(st.from_regex(r"\A[A-Za-z0-9-]{1,12}\Z"), st.from_regex(r"\A[!-~]([ -~\t]*[!-~])?\Z"), max_size=4),
)
def test_a_request_begins_as_h11_would_have_it_begin(target: str, more: dict[str, str]) -> None:
    known = {"host", "content-length", "transfer-encoding", "connection"}
    headers = [("Host", "ci.example"), *((k, v) for k, v in more.items() if k.lower() not in known)]
    expected = h11.Connection(h11.CLIENT).send(h11.Request(method="POST", target=target, headers=headers))
    assert request_head("POST", target, headers) == expected


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: ("/", [("Host", "h"), ("X-Token", f"{text}\r\nX-More: 1")]),
        lambda text: ("/", [("Host", "h"), ("X-Token", f"{text}\n")]),
        lambda text: ("/", [("Host", "h"), ("X-Token", f"{text}\0")]),
        lambda text: ("/", [("Host", "h"), ("X-Token", f" {text}")]),
        lambda text: ("/", [("Host", "h"), ("X-Token", f"{text}ä")]),
        lambda text: ("/", [("Host", "h"), (f"X-Token: 1\r\n{text}", "1")]),
        lambda text: (f"/ HTTP/1.1\r\nX: {text}", [("Host", "h")]),
        lambda text: (f"/a {text}", [("Host", "h")]),
    ],
)
def test_what_would_end_a_line_is_not_sent(spoil: Callable[[str], tuple[str, list[tuple[str, str]]]]) -> None:
    target, headers = spoil("s3cret")
    with pytest.raises(ValueError, match="cannot be sent") as raised:
        request_head("POST", target, headers)
    assert "s3cret" not in str(raised.value) or "s3cret" in headers[-1][0]
