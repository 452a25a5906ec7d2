"""A plugin that is one notifier and nothing else: its entry point may name the notifier's class itself."""

from __future__ import annotations

import sys
from typing import Any

from pulp_events.hookspecs import hookimpl
from pulp_events.notifier import Notifier
from pulp_events.plugins.api import ATTRIBUTE, stated_range


class NotifierPlugin:
    """Implements `pulp_notifiers` for a notifier, given as class or object."""

    def __init__(self, notifier: Notifier | type[Notifier]) -> None:
        self._notifier = notifier() if isinstance(notifier, type) else notifier
        kind = type(self._notifier)
        setattr(self, ATTRIBUTE, stated_range(kind) or stated_range(sys.modules.get(kind.__module__)))

    @hookimpl
    def pulp_notifiers(self) -> list[Notifier]:
        """The notifier."""
        return [self._notifier]


def as_plugin(found: Any) -> Any:
    """What an entry point led to, as something that has hooks."""
    is_notifier = isinstance(found, Notifier) or (isinstance(found, type) and issubclass(found, Notifier))
    return NotifierPlugin(found) if is_notifier else found
