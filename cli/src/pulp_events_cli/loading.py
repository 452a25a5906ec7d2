"""Loads the plugins for one run of `pulp-admin`, and says which of them it waits for."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # as in pulp_events.system.guard
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from pulp_events.system import guard
from pulp_events_cli.output import streams

if TYPE_CHECKING:
    from pulp_events.plugins.registry import Plugins

PATIENCE = 5.0
"""Seconds of loading after which the plugin that is being loaded is named."""


def load() -> Plugins:
    """Every installed plugin."""
    from pulp_events.plugins.registry import Plugins

    with _naming_what_takes_long():
        return Plugins.load()


@contextmanager
def _naming_what_takes_long() -> Iterator[None]:
    """An alarm, as a thread would cost every start more than all that it waits for."""
    try:
        before = _signal.signal(_signal.SIGALRM, _name_it)
    except (ValueError, AttributeError):  # not the main thread, or no such signal
        yield
        return
    _signal.setitimer(_signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        _signal.setitimer(_signal.ITIMER_REAL, 0)
        _signal.signal(_signal.SIGALRM, before)


def _name_it(number: int, frame: FrameType | None) -> None:
    if guard.under_way:
        name = guard.under_way[-1]
        streams.warning(
            f"plugin {name} is still loading after {PATIENCE:g} s; to start without it, press Ctrl-C and set "
            f"PULP_EVENTS_BLOCK={name} in the environment"
        )
