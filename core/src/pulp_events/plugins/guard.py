"""Around the code of a plugin: which one it is, and whether an interrupt is the plugin's own doing."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # what `signal` is made of; that itself takes longer to import than a plugin should
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pulp_events.errors import PluginError

under_way: list[str] = []
"""Name of the plugin whose code runs now, for whoever wants to say what takes so long."""


class RaisedInterrupt(PluginError):
    """A plugin raised KeyboardInterrupt, and nobody pressed Ctrl-C."""


@contextmanager
def loading(name: str) -> Iterator[None]:
    """The block loads the plugin `name`; interrupts are as in `interrupts`."""
    under_way.append(name)
    try:
        with interrupts():
            yield
    finally:
        under_way.pop()


@contextmanager
def interrupts() -> Iterator[None]:
    """The block runs code of a plugin.

    A KeyboardInterrupt goes on where somebody pressed Ctrl-C, and is RaisedInterrupt where the plugin raised it.
    """
    pressed: list[int] = []

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        raise KeyboardInterrupt

    before = None
    in_main_thread = threading.current_thread() is threading.main_thread()  # no signal interrupts another one
    if in_main_thread and _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        before = _signal.signal(_signal.SIGINT, on_interrupt)
    try:
        yield
    except KeyboardInterrupt as error:
        # Where the application has a handler of its own it may have raised this: then it is none of our business.
        if pressed or (in_main_thread and before is None):
            raise
        raise RaisedInterrupt(
            "it raised KeyboardInterrupt, which only Ctrl-C may; correct or uninstall its package"
        ) from error
    finally:
        if before is not None:
            _signal.signal(_signal.SIGINT, before)
