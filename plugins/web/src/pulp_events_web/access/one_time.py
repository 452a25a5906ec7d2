"""The link that opens the console once while no token was made, as Jupyter's does."""

from __future__ import annotations

import hmac
import secrets
import threading

from pulp_events_web.access.tokens import digest_of
from pulp_events_web.principal import Principal


class OneTimeLink:
    """Valid for this process, and for one use. It is kept in memory alone."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        """Who comes through it."""
        self.process = secrets.token_hex(16)
        """In the sessions that it began; those of another process are not valid here."""
        self.secret = secrets.token_urlsafe(32)
        """What the link carries."""
        self._digest: str | None = digest_of(self.secret)
        self._lock = threading.Lock()

    def use(self, secret: str) -> bool:
        """True once, for the right secret."""
        with self._lock:
            right = self._digest is not None and hmac.compare_digest(self._digest, digest_of(secret))
            if right:
                self._digest = None
            return right
