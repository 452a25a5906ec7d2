"""The server's side of SASL over AMQP 1.0 (§5.3). Proton's own knows no PLAIN without the Cyrus library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proton import UNDESCRIBED as _NO_DESCRIPTOR
from proton import Array, Data, Described, symbol, ubyte, ulong

_HEADER = b"AMQP\x03\x01\x00\x00"
_MECHANISMS, _INIT, _OUTCOME = ulong(0x40), ulong(0x41), ulong(0x44)
_OK, _AUTH_FAILED = 0, 1
_UNDESCRIBED: Any = _NO_DESCRIPTOR  # proton's own hint for it is too narrow


class SaslServer:
    """Feed it what the client sends until `done`; then `rest` belongs to the AMQP layer."""

    def __init__(self, users: Mapping[str, str], certified: bool) -> None:
        """`users`: passwords by name, empty for "anybody, ANONYMOUS"; `certified`: a client certificate was checked."""
        self._users = users
        self._mechanisms = [*(["EXTERNAL"] if certified else []), *(["PLAIN"] if users else ["ANONYMOUS"])]
        self._input = b""
        self._greeted = False
        self.done = False
        self.accepted = False
        self.mechanism = ""
        self.username = ""
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the client; return those to be sent to it."""
        self._input += data
        output = b""
        if not self._greeted and len(self._input) >= 8:
            if self._input[:8] != _HEADER:  # no SASL layer: as good as ANONYMOUS
                self.done, self.accepted, self.rest = True, not self._users, self._input
                return b""
            self._input = self._input[8:]
            self._greeted = True
            offered: Any = Array(_UNDESCRIBED, Data.SYMBOL, *map(symbol, self._mechanisms))
            output = _HEADER + _frame(Described(_MECHANISMS, [offered]))
        size = int.from_bytes(self._input[:4], "big")
        if self._greeted and len(self._input) >= max(size, 8):
            self._decide(self._input[4 * self._input[4] : size])
            self.done, self.rest = True, self._input[size:]
            output += _frame(Described(_OUTCOME, [ubyte(_OK if self.accepted else _AUTH_FAILED)]))
        return output

    def _decide(self, performative: bytes) -> None:
        data = Data()
        data.decode(performative)
        data.next()
        init = data.get_object()
        if not isinstance(init, Described) or init.descriptor != _INIT:
            return
        fields: Any = init.value
        self.mechanism = str(fields[0])
        response = bytes(fields[1] or b"") if len(fields) > 1 else b""
        if self.mechanism not in self._mechanisms:
            return
        if self.mechanism == "PLAIN":  # RFC 4616: authorisation id NUL user NUL password
            _, _, credentials = response.partition(b"\0")
            username, _, password = credentials.partition(b"\0")
            self.username = username.decode("utf-8", "replace")
            self.accepted = self._users.get(self.username) == password.decode("utf-8", "replace")
        else:
            self.accepted = True


def _frame(performative: Described) -> bytes:
    data = Data()
    data.put_object(performative)
    body = data.encode()
    return (len(body) + 8).to_bytes(4, "big") + b"\x02\x01\x00\x00" + body
