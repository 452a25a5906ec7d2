"""Why there is no answer, beyond the system's own errors."""

from __future__ import annotations

from pulp_events_http.proxies import Proxy


class NotHttp(Exception):
    """What was received is no answer; the text says why."""


class ClosedEarly(ConnectionError):
    """The connection was closed without an answer."""


class ProxyFailed(Exception):
    """The proxy could not be reached, or did not do what it was asked for; raised from the reason, if it has one."""

    def __init__(self, proxy: Proxy, text: str = "", status: int = 0, retry_after: str | None = None) -> None:
        super().__init__(text)
        self.proxy = proxy
        self.status = status
        """What it answered; 0: nothing."""
        self.retry_after = retry_after
        """The header of its answer, as it is."""
