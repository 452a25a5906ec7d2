"""Why a connection failed, in words: what every notifier with a socket has to say in the same way."""

from __future__ import annotations

import socket
import ssl

FAILED = "the connection failed: "
"""How it begins where nothing better is known than what the system says."""


def explain(error: BaseException) -> str:
    """What went wrong, in one line, to be put behind the name of the other end: `ci.example: its certificate is …`."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not valid: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS failed: {(error.reason or str(error)).replace('_', ' ').lower()}"
        case socket.gaierror():
            return f"the name cannot be resolved: {error.strerror}"
        case TimeoutError():
            return "no answer in time"
        case OSError() if error.strerror:
            return f"{FAILED}{error.strerror}"
    return f"{FAILED}{type(error).__name__}"
