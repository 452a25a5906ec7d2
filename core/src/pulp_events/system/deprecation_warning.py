"""The category of our deprecation warnings, alone: plugins are loaded with an eye on it at each start."""

from __future__ import annotations


class PulpEventsDeprecationWarning(DeprecationWarning):
    """Something goes with a later release; its text is a `Deprecated`. See docs/stability.md."""
