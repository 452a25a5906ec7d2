"""The answer that nearly every receiver gives, read by hand: h11, which reads every other, takes ten times as long."""

from __future__ import annotations

import re
from typing import NamedTuple

from pulp_events_http.connections.answer_head import Head

_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2}) ([\x20-\x7e]*)\r\n")
# RFC 9110 §5.5, without the obsolete octets beyond ASCII.
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?[ \t]*")
_WITHOUT_BODY = (204, 304)
_ABOUT_FRAMING = frozenset({b"transfer-encoding", b"upgrade", b"trailer"})
"""With one of these the body, or what follows it, may be anything: h11 knows."""


class PlainAnswer(NamedTuple):
    """A whole answer."""

    head: Head
    body: bytes


def plain_answer(data: bytes) -> PlainAnswer | None:
    """The answer to a POST, if all of it is there, nothing follows it, and nothing about it is unusual.

    That is: a final status of HTTP/1.1, fields of visible ASCII each of which is there once, a `Content-Length` where
    there may be a body, and exactly that body (RFC 9112 §6.3). None says nothing of the answer: ask h11.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    line = _STATUS_LINE.match(head + b"\r\n")
    if not end or line is None:
        return None
    status = int(line[1])
    headers: dict[str, str] = {}
    fields = head[line.end() :].split(b"\r\n") if line.end() < len(head) else ()
    for text in fields:
        field = _FIELD.fullmatch(text)
        if field is None:
            return None
        name = field[1].lower()
        if name in _ABOUT_FRAMING:
            return None
        headers[name.decode()] = (field[2] or b"").decode()
    if len(headers) < len(fields) or headers.get("connection", "keep-alive").lower() != "keep-alive":
        return None
    length = headers.get("content-length")
    if status in _WITHOUT_BODY:
        as_it_should = length is None and not body
    else:
        as_it_should = length is not None and length == str(len(body))
    return PlainAnswer(Head(status, line[2].decode(), headers), body) if as_it_should else None
