"""What a mail server's answer means for the delivery. No input or output here."""

from __future__ import annotations

import socket
import ssl

from pulp_events import PermanentFailure, TransientFailure
from pulp_events.errors import DeliveryFailure


def judge(command: str, code: int, text: bytes | str) -> DeliveryFailure:
    """The failure that this answer, other than success, to `command` stands for.

    RFC 5321 §4.2.1: 4yz may succeed later, 5yz will not. 421 and anything that is no such code are transient.
    """
    failure = PermanentFailure if 500 <= code <= 599 else TransientFailure
    return failure(f"{command}: {describe(code, text)}")


def describe(code: int, text: bytes | str) -> str:
    """Code and text in one line of at most 1 KiB: `250 2.0.0 OK`."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return f"{code if code > 0 else 'not an SMTP answer'} {line}"[:1000].rstrip()


def explain(error: BaseException) -> str:
    """Why the connection failed, in words of one line."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not valid: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS failed: {(error.reason or str(error)).replace('_', ' ').lower()}"
        case socket.gaierror():
            return f"the name cannot be resolved: {error.strerror}"
        case OSError() if error.strerror:
            return f"the connection failed: {error.strerror}"
    return f"the connection failed: {type(error).__name__}"
