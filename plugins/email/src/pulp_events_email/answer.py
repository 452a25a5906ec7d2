"""What a mail server's answer means for the delivery. No input or output here."""

from __future__ import annotations

import re
import socket
import ssl

from pulp_events import PermanentFailure, TransientFailure
from pulp_events.errors import DeliveryFailure

_WAIT = re.compile(r"\b(?:in|for|after|wait)\s+(\d{1,5})\s*(s|secs?|seconds?|m|mins?|minutes?)\b", re.IGNORECASE)


def judge(command: str, code: int, text: bytes | str) -> DeliveryFailure:
    """The failure that this answer, other than success, to `command` stands for.

    RFC 5321 §4.2.1: 4yz may succeed later, 5yz will not. 421 and anything that is no such code are transient.
    """
    message = f"{command}: {describe(code, text)}"
    return PermanentFailure(message) if 500 <= code <= 599 else TransientFailure(message, retry_after(message))


def retry_after(text: str) -> float | None:
    """Seconds that the server asks us to wait, as those do that greylist: `450 Greylisted, try again in 5 minutes`."""
    found = _WAIT.search(text)
    return None if found is None else int(found[1]) * (60.0 if found[2].lower().startswith("m") else 1.0)


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
