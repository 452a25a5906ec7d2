"""Why there was no answer, in words of one line."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator

from pulp_events_http.networks import ForbiddenAddress


def explain(error: BaseException) -> str:
    """What went wrong, from the error at the bottom of those that urllib3 wraps it in.

    urllib3's own texts hold object representations and repeat the whole URL.
    """
    for cause in _chain(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not valid: {cause.verify_message}"
            case ssl.SSLError() if cause.reason and "CERTIFICATE_REQUIRED" in cause.reason:
                return "it asks for a client certificate; give one with --cert and --key"
            case ssl.SSLError():
                return f"TLS failed: {(cause.reason or str(cause)).replace('_', ' ').lower()}"
            case ForbiddenAddress():
                return str(cause.strerror)
            case socket.gaierror():
                return f"the name cannot be resolved: {cause.strerror}"
            case http.client.RemoteDisconnected():
                return "it closed the connection without an answer"
            case http.client.HTTPException():
                return f"its answer is not HTTP: {type(cause).__name__}"
            case OSError() if cause.strerror:
                return f"the connection failed: {cause.strerror}"
            case OSError() if "Tunnel connection failed" in str(cause):
                return f"the proxy refused: {cause}"
    return f"the connection failed: {type(error).__name__}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """`error`, what it was made of and what it was raised from; innermost first."""
    seen: list[BaseException] = []
    todo: list[BaseException] = [error]
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.append(current)
            inner = [current.__cause__, *current.args, getattr(current, "original_error", None)]
            todo.extend(one for one in inner if isinstance(one, BaseException))
    return reversed(seen)
