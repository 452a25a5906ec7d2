"""`Windows`: closes sessions' incoming windows in what is about to be sent to a client."""

from __future__ import annotations

from typing import Any

from proton import Data, Described, uint

_HEADER = 8
"""Bytes of a frame's header, and of a protocol header (AMQP 1.0 §2.2, §2.3.1)."""

_INCOMING_WINDOW = {0x11: 2, 0x13: 1}
"""Index of the field `incoming-window`, by descriptor of the performative: begin, flow (AMQP 1.0 §2.7.2, §2.7.4)."""


class Windows:
    """Between proton's transport and the socket: proton can make a session's window narrow, but not close it."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._begun = False

    def passed(self, data: bytes, closed: bool) -> bytes:
        """What of `data`, and of what was left before, may go out: whole frames. `closed`: with every window at 0."""
        self._rest += data
        if not self._begun:  # the protocol header comes first, which is no frame
            if len(self._rest) < _HEADER:
                return b""
            self._begun = True
            return self._taken(_HEADER) + self.passed(b"", closed)
        frames, end = [], 0
        while end + 4 <= len(self._rest):
            size = int.from_bytes(self._rest[end : end + 4])
            if end + size > len(self._rest):
                break
            if closed:
                frames.append(_closed(bytes(self._rest[end : end + size])))
            end += size
        whole = self._taken(end)
        return b"".join(frames) if closed else whole

    def _taken(self, size: int) -> bytes:
        taken = bytes(self._rest[:size])
        del self._rest[:size]
        return taken


def _closed(frame: bytes) -> bytes:
    """A frame with the window that it tells of at 0; any other frame as it is."""
    start = frame[4] * 4
    if frame[start : start + 2] != b"\x00\x53" or frame[start + 2] not in _INCOMING_WINDOW:  # a described list
        return frame
    data = Data()
    size = data.decode(frame[start:])
    data.rewind()
    data.next()
    performative: Any = data.get_object()
    fields = list(performative.value)
    fields[_INCOMING_WINDOW[frame[start + 2]]] = uint(0)
    changed = Data()
    changed.put_object(Described(performative.descriptor, fields))
    body = frame[4:start] + changed.encode() + frame[start + size :]
    return (len(body) + 4).to_bytes(4) + body
