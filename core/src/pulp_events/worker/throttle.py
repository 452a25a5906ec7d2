"""Keeps what others log again and again from filling a worker's log: the first is shown, then how many more there were.

Core's own records are throttled where they are made (`dispatcher/repeats.py`), by what they are about.
"""

from __future__ import annotations

import copy
import logging
from typing import Any

from pulp_events.dispatcher.repeats import Repeats, more_like_it
from pulp_events.redaction.logs import OWN
from pulp_events.system.clock import Clock, SystemClock
from pulp_events.system.log_fields import settle
from pulp_events.system.logs import message_of


class ThrottledHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Shows a record of a library or a plugin once in a while, if it says the same each time."""

    def __init__(self, stream: Any, clock: Clock | None = None) -> None:
        super().__init__(stream)
        self._repeats = Repeats(clock or SystemClock())

    def emit(self, record: logging.LogRecord) -> None:
        """Show it, or count it; and say how many there were of what came some seconds ago."""
        if record.name == OWN or record.name.startswith(f"{OWN}."):
            super().emit(record)
            self._repeats.sum_up()
        else:
            first, later = [record], _plain(record)

            def show(more: int) -> None:
                logging.StreamHandler.emit(self, _with_count(later, more) if more else first.pop())

            self._repeats.say((record.name, record.levelno, later.msg), show)
            first.clear()  # a traceback keeps alive what its functions had

    def close(self) -> None:
        """Say how many there were of everything."""
        self._repeats.sum_up(all=True)
        super().close()


def _plain(record: logging.LogRecord) -> logging.LogRecord:
    """The record without its traceback, with what it is about: it may be shown in another thread."""
    found = copy.copy(record)
    found.msg, found.args, found.exc_info, found.exc_text = message_of(record), (), None, None
    settle(found)
    return found


def _with_count(record: logging.LogRecord, more: int) -> logging.LogRecord:
    found = copy.copy(record)
    found.msg = f"{record.msg}{more_like_it(more)}"
    settle(found, repeats=more)
    return found
