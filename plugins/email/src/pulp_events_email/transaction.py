"""One mail transaction (RFC 5321 §3.3): MAIL, RCPT and DATA, in one go where the server allows, then the message."""

from __future__ import annotations

import smtplib
from collections.abc import Callable

from pulp_events_email.answer import Refused
from pulp_events_email.connection import Connection

GO_AHEAD = 354


def begin(
    connection: Connection, sender: str, recipient: str, size: int | None, meanwhile: Callable[[], object]
) -> None:
    """All that comes before the message; afterwards the server waits for it. Raises Refused, and what smtplib does.

    `size`: of the message in octets, or None where the server does not ask for it. `meanwhile` is called
    while the server is busy with the first command.
    """
    connection.messages += 1
    parameters = f" SIZE={size}" if size is not None else ""
    if not (sender.isascii() and recipient.isascii()):
        parameters += " BODY=8BITMIME SMTPUTF8"  # RFC 6531 §3.4
    lines = {
        "MAIL": f"MAIL FROM:<{sender}>{parameters}\r\n",
        "RCPT": f"RCPT TO:<{recipient}>\r\n",
        "DATA": "DATA\r\n",
    }
    if connection.has_extn("pipelining"):
        _in_one_go(connection, lines, meanwhile)
        return
    for command, line in lines.items():
        connection.write(line.encode())
        if command == "MAIL":
            meanwhile()
        code, text = connection.getreply()
        if not _is_success(command, code):
            raise Refused(command, code, text)


def _in_one_go(connection: Connection, lines: dict[str, str], meanwhile: Callable[[], object]) -> None:
    """RFC 2920: one round trip in place of three."""
    connection.write("".join(lines.values()).encode())
    meanwhile()
    refused: Refused | None = None
    for command in lines:
        code, text = connection.getreply()
        if refused is None and not _is_success(command, code):
            refused = Refused(command, code, text)
            if not 400 <= code <= 599 or code == 421:
                break  # nothing is to be expected from it any more
        elif refused is not None and command == "DATA":
            refused.data_is_open = code == GO_AHEAD
    if refused is not None:
        raise refused


def _is_success(command: str, code: int) -> bool:
    return code == GO_AHEAD if command == "DATA" else 200 <= code <= 299


def finish(connection: Connection, message: bytes, sent: Callable[[], object]) -> bytes:
    """Send the message; what the server answered when it took it. Raises Refused, and what smtplib does.

    `sent` is called after the last dot, before the answer is waited for.
    """
    # RFC 5321 §4.5.2: a dot at the beginning of a line is doubled
    stuffed = message.replace(b"\r\n.", b"\r\n..")
    connection.write((b"." if stuffed.startswith(b".") else b"") + stuffed + b".\r\n")
    sent()
    code, text = connection.getreply()
    if not 200 <= code <= 299:
        raise Refused("DATA", code, text)
    return f"{code} ".encode() + text


def give_up(connection: Connection, refused: Refused) -> bool:
    """Make the connection ready for the next message (RFC 5321 §4.1.1.5); False if it can no longer be used."""
    if not 400 <= refused.code <= 599 or refused.code == 421:
        return False
    try:
        if refused.data_is_open:
            connection.write(b".\r\n")
            connection.getreply()
        return connection.rset()[0] == 250
    except (smtplib.SMTPException, OSError):
        return False
