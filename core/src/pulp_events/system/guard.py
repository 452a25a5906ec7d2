"""Around the code of a plugin: which one it is, and what it raises to end the program, which it must not."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # what `signal` is made of; that itself takes longer to import than a plugin should
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pulp_events.errors import PluginError
from pulp_events.system.signal_handlers import raised_in_handler

under_way: list[str] = []
"""Name of the plugin whose code runs now, so that a message can say what takes long."""

_watched: list[list[int]] = []
"""The SIGINTs that came in the block of `exits` that the main thread is in, if that sees them."""


class RaisedExit(PluginError):
    """A plugin raised SystemExit, a KeyboardInterrupt that nobody pressed, or another that is no Exception."""


@contextmanager
def loading(name: str) -> Iterator[None]:
    """The block loads the plugin `name`; what it may raise is as in `exits`."""
    under_way.append(name)
    try:
        with exits():
            yield
    finally:
        under_way.pop()


@contextmanager
def exits(what: str = "it") -> Iterator[None]:
    """The block runs code of a plugin, `what`: it may fail with any Exception, and end nothing but itself.

    Whatever else it raises becomes RaisedExit, but for a KeyboardInterrupt of somebody who pressed Ctrl-C, and what a
    signal handler of the application's raised meanwhile.
    """
    pressed: list[int] = []

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        raise KeyboardInterrupt

    before, watched = None, False
    if threading.current_thread() is threading.main_thread():  # no signal interrupts another one
        handler = _signal.getsignal(_signal.SIGINT)
        if handler is _signal.default_int_handler:
            before = _signal.signal(_signal.SIGINT, on_interrupt)
        # Where the system handles it, as in a job that a shell put into the background, it raises nothing at all.
        watched = before is not None or handler in (_signal.SIG_IGN, _signal.SIG_DFL)
    if watched:
        _watched.append(pressed)
    try:
        yield
    except Exception:
        raise
    except KeyboardInterrupt as error:
        if may_be_pressed() or raised_in_handler(error):
            raise
        raise RaisedExit(
            f"{what} raised KeyboardInterrupt, which only Ctrl-C may raise; fix or uninstall its package"
        ) from error
    except BaseException as error:
        if raised_in_handler(error):
            raise
        raised = type(error).__name__
        if isinstance(error, SystemExit) and isinstance(error.code, int):  # a text may hold a secret
            raised += f"({error.code})"
        raise RaisedExit(
            f"{what} raised {raised}, which would end the program; fix or uninstall its package"
        ) from error
    finally:
        if before is not None:
            _signal.signal(_signal.SIGINT, before)
        if watched:
            _watched.pop()


def may_be_pressed() -> bool:
    """True if a KeyboardInterrupt that is caught in this thread now may be somebody's Ctrl-C.

    So it may where no block of `exits` sees the signal, as beside a handler of the application's, which may raise it.
    """
    if threading.current_thread() is not threading.main_thread():
        return False
    return not _watched or bool(_watched[-1])
