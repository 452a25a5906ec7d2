"""Around the loading of a plugin: which one it is, and whether an interrupt is the plugin's own doing."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # what `signal` is made of; that itself takes longer to import than a plugin should
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pulp_events.errors import PluginError

under_way: list[str] = []
"""Name of the plugin whose code runs now, for whoever wants to say what takes so long."""


@contextmanager
def loading(name: str) -> Iterator[None]:
    """The block runs code of the plugin `name`.

    A KeyboardInterrupt goes on where somebody pressed Ctrl-C, and is a PluginError where the plugin raised it.
    """
    pressed: list[int] = []

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        raise KeyboardInterrupt

    under_way.append(name)
    before, in_main_thread = None, True
    try:
        if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
            before = _signal.signal(_signal.SIGINT, on_interrupt)
    except ValueError:
        in_main_thread = False  # where no signal interrupts
    try:
        yield
    except KeyboardInterrupt as error:
        # Where the application has a handler of its own it may have raised this: then it is none of our business.
        if pressed or (in_main_thread and before is None):
            raise
        raise PluginError(
            "it raised KeyboardInterrupt, which only Ctrl-C may; mend or uninstall its package"
        ) from error
    finally:
        under_way.pop()
        if before is not None:
            _signal.signal(_signal.SIGINT, before)
