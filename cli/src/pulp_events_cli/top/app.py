"""The program: reads keys, asks the store now and then, and shows what there is."""

from __future__ import annotations

import os
import signal
import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from pulp_events.errors import DeliveryNotFound, EventsError, ListenerNotFound
from pulp_events.system.clock import from_timestamp
from pulp_events.visible import one_line
from pulp_events_cli.errors import DONE, FAILED
from pulp_events_cli.output.trend import BLOCKS, bars
from pulp_events_cli.top.background import Background
from pulp_events_cli.top.commands import Command
from pulp_events_cli.top.controller import Quit, Redraw, Refresh, Shown, Stop, press, settled
from pulp_events_cli.top.frame import Data, Frame, frame
from pulp_events_cli.top.full_screen import Ended, FullScreen, HungUp
from pulp_events_cli.top.keys import Keys
from pulp_events_cli.top.model import Overview
from pulp_events_cli.top.painter import Painter
from pulp_events_cli.top.state import Page, Tone, View
from pulp_events_cli.top.status import Status

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events_cli.top.reading import Reading

_ESCAPE = 0.05
"""Seconds after which an escape is a key, and not the beginning of one."""
_LEAVING = 2.0
"""Seconds that what is under way may take at the end."""


class App:
    """The view in a terminal, until somebody quits."""

    def __init__(self, bus: EventBus, reading: Reading, view: View, stream: TextIO) -> None:
        """`stream`: the terminal."""
        self._bus, self._reading = bus, reading
        self._view, self._stream = view, stream
        self._data = Data(Overview())
        self._read: float | None = None
        self._problem = self._doing = ""
        self._due = 0.0
        self._asked: tuple[object, ...] = ()
        self._stop = False
        self._frame = Frame([], 10, 0)

    def run(self, until: float | None = None) -> int:
        """Show it; returns the exit code. `until`: monotonic time at which it ends by itself."""
        code = DONE
        try:
            with FullScreen(0, self._stream.fileno()) as screen:
                self._asking: Background[Data] = Background("pulp-events-top-asking", screen.wake)
                self._acting: Background[str] = Background("pulp-events-top-acting", screen.wake)
                self._loop(screen, until)
        except Ended as ended:
            code = FAILED if ended.number == signal.SIGHUP else DONE
        except HungUp:
            code = FAILED
        finally:
            # The terminal is as it was; what is being changed is brought to the end of its step.
            self._stop = True
            for thread in (getattr(self, "_acting", None), getattr(self, "_asking", None)):
                if thread is not None:
                    thread.stop(_LEAVING)
        return code

    def _loop(self, screen: FullScreen, until: float | None) -> None:
        painter, keys = Painter(self._stream, screen.write), Keys()
        while until is None or time.monotonic() < until:
            self._take_results()
            self._ask_if_due()
            if screen.stopped:
                screen.stopped = False
                painter.forget()
            size = screen.size()
            self._frame = frame(self._data, self._view, self._status(), size)
            painter.paint(self._frame.lines, size)
            typed = screen.wait(_ESCAPE if keys.pending else self._patience(until))
            for key in keys.feed(typed) if typed else keys.flush():
                self._view, request = press(self._view, key, self._shown())
                if isinstance(request, Quit):
                    return
                if isinstance(request, Redraw):
                    painter.forget()
                self._carry_out(request)
                self._view = settled(self._view, self._shown())

    def _patience(self, until: float | None) -> float:
        """Seconds to wait for a key: a second at most, for the clock."""
        now = time.monotonic()
        ends = [now + 1.0 - time.time() % 1.0]
        if not self._asking.busy:
            ends.append(self._due)
        if until is not None:
            ends.append(until)
        return max(0.0, min(ends) - now)

    def _shown(self) -> Shown:
        return Shown(
            self._data.overview, self._data.listener, self._frame.room, self._frame.length, bool(self._problem)
        )

    def _status(self) -> Status:
        return Status(
            now=from_timestamp(self._bus.clock.time()),
            read=None if self._read is None else from_timestamp(self._read),
            every=self._reading.pause,
            counted=self._reading.counts.every,
            problem=self._problem,
            doing=self._doing,
            unicode=unicode_on(self._stream),
            place=socket.gethostname(),
        )

    def _ask_if_due(self) -> None:
        """Ask at once where the page is another one; never twice at the same time."""
        view, before, room = self._view, self._data, self._frame.room
        changed = view.subject() != self._asked
        if self._asking.busy or not (changed or time.monotonic() >= self._due):
            return
        self._asked = view.subject()
        self._asking.submit(lambda: self._reading.data(view, before, room))

    def _take_results(self) -> None:
        for data in self._asking.results():
            self._due = time.monotonic() + self._reading.pause
            if isinstance(data, Exception):
                self._fail(data)
            else:
                self._data, self._problem, self._read = data, "", self._bus.clock.time()
                self._view = settled(self._view, self._shown())
        for done in self._acting.results():
            self._doing, self._due = "", 0.0
            self._reading.counts.forget()
            if isinstance(done, Exception):
                self._view = self._view.said(_words(done), Tone.BAD)
            else:
                self._view = self._view.said(done)

    def _fail(self, error: Exception) -> None:
        if isinstance(error, ListenerNotFound | DeliveryNotFound):
            # What the page is about is gone: the page before it shows what there is.
            page = Page.LISTENER if isinstance(error, DeliveryNotFound) else Page.OVERVIEW
            self._view = replace(self._view, page=page, pages=(), prompt=None).said(_words(error), Tone.NOTE)
            return
        self._problem = _words(error)

    def _carry_out(self, request: object) -> None:
        if isinstance(request, Refresh):
            self._due = 0.0
        elif isinstance(request, Stop):
            self._stop = True
        elif isinstance(request, Command):
            if self._acting.busy:
                self._view = self._view.said(f"not done: {self._doing}", Tone.NOTE)
                return
            self._stop, self._doing = False, f"{request.doing} {request.name}"
            self._acting.submit(lambda: request.run(self._bus, self._say, lambda: self._stop))

    def _say(self, text: str) -> None:
        self._doing = text


def _words(error: Exception) -> str:
    return one_line(str(error) if isinstance(error, EventsError) else f"{type(error).__name__}: {error}")


def unicode_on(stream: TextIO) -> bool:
    """Whether the terminal has the characters of bars: by its encoding, and the Linux console's font lacks them."""
    return bars(stream) == BLOCKS and os.environ.get("TERM") != "linux"
