"""Records that are no listeners: said once."""

from __future__ import annotations

from collections.abc import Mapping

from pulp_events.system.logs import get_logger

_logger = get_logger(__name__)


class Complaints:
    """Logs each broken record once, and again when it is broken in another way or was whole in between."""

    def __init__(self) -> None:
        self._said: frozenset[str] = frozenset()

    def say(self, broken: Mapping[str, str]) -> None:
        """`broken`: what `ListenerStore.broken` returns."""
        found = frozenset(broken.values())
        for text in sorted(found - self._said):
            _logger.error("%s", text)
        self._said = found
