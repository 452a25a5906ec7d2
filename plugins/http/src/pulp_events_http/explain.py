"""Why there was no answer, in words of one line."""

from __future__ import annotations

import ssl

from pulp_events import network_errors
from pulp_events.networks import ForbiddenAddress
from pulp_events_http.connections.failures import ClosedEarly, NotHttp, ProxyFailed

PROXY_ACCOUNT = "put the user name and password into the URL in [http] proxy or the environment variable"
"""How to fix a 407, which is a proxy's."""


def explain(error: BaseException) -> str:
    """What went wrong; where it is the proxy, that is named."""
    match error:
        case ProxyFailed(status=407):
            return f"{error.proxy}: {error}; {PROXY_ACCOUNT}"
        case ProxyFailed():
            return f"{error.proxy}: {str(error) or explain(error.__cause__ or error)}"
        case ssl.SSLError() if error.reason and "CERTIFICATE_REQUIRED" in error.reason:
            return "it requires a client certificate; give one with --cert and --key"
        case ForbiddenAddress():
            return str(error.strerror)
        case ClosedEarly():
            return "it closed the connection without an answer"
        case NotHttp():
            return f"its answer is not HTTP: {error}"
    return network_errors.explain(error)


def about_credentials(error: BaseException) -> bool:
    """True if a certificate, a key or an account may be the reason."""
    if isinstance(error, ProxyFailed):
        return error.status in (401, 403, 407) or isinstance(error.__cause__, ssl.SSLError)
    return isinstance(error, ssl.SSLError)
