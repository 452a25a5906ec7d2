"""The terminal in the mode of a full-screen program, and as it was before, whatever ends the program."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import tempfile
import termios
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
"""The alternate screen, no cursor, no wrapping: what is too long for a screen just made narrower stays in its line."""
LEAVE = "\x1b[0m\x1b[H\x1b[2J\x1b[?7h\x1b[?25h\x1b[?1049l"
"""What is on the screen is erased first: not every terminal has another one to go back to."""
_KEPT_OUTPUT = 65536
"""Bytes of what others printed meanwhile that are shown at the end."""

_MOST_OUTPUT = 1 << 20
"""Bytes beyond which it is forgotten."""


class Ended(BaseException):
    """A signal asked the program to end. Not an Exception, so that nothing on the way takes it for a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class HungUp(Exception):
    """The terminal is gone."""


class FullScreen:
    """A context manager: in its block the terminal `handle_in`, `handle_out` belongs to the program.

    Keys come as they are typed, without echo; Ctrl-C, SIGTERM and SIGHUP raise `Ended` in the main thread, also in the
    middle of a write that does not get on. What anything else prints to file descriptors 1 and 2 is kept, and shown at
    the end.
    """

    def __init__(self, handle_in: int, handle_out: int) -> None:
        self._in, self._out = handle_in, handle_out
        self._mode: list[Any] = []
        self._handlers: dict[int, Any] = {}
        self._stop_asked = self._leaving = False
        self._wake, self._wake_write = -1, -1
        self._others: Any = None
        self._standard: list[tuple[int, int]] = []

    def __enter__(self) -> FullScreen:
        self._mode = termios.tcgetattr(self._in)
        self._wake, self._wake_write = os.pipe()
        for handle in (self._wake, self._wake_write):
            os.set_blocking(handle, False)
        try:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                self._handlers[number] = signal.signal(number, self._end)
            self._handlers[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, lambda *_: self.wake())
            self._handlers[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, self._ask_stop)
            self._take()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # Nothing may come between the end and a terminal that is as it was: a signal is too late to matter.
        self._leaving = True
        for number in self._handlers:
            signal.signal(number, signal.SIG_IGN)
        self._give_back()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        for handle in (self._wake, self._wake_write):
            os.close(handle)

    def wake(self) -> None:
        """Let `wait` return; any thread may call it."""
        with contextlib.suppress(OSError):  # the pipe is full: it wakes anyway, or is closed: nobody waits
            os.write(self._wake_write, b"!")

    def wait(self, timeout: float) -> bytes:
        """What was typed, as soon as anything was; nothing after `timeout` seconds or `wake`. Raises HungUp."""
        if self._others is not None and os.fstat(self._others.fileno()).st_size > _MOST_OUTPUT:
            os.ftruncate(self._others.fileno(), 0)  # it would fill the disk of whoever leaves this running
        ready, _, _ = select.select([self._in, self._wake], [], [], max(0.0, timeout))
        if self._wake in ready:
            with contextlib.suppress(BlockingIOError):
                while os.read(self._wake, 1024):
                    pass
        if self._stop_asked:
            self._stop()
        if self._in not in ready:
            return b""
        try:
            typed = os.read(self._in, 1024)
        except OSError as error:
            raise HungUp from error
        if not typed:
            raise HungUp
        return typed

    def write(self, text: str) -> None:
        """To the terminal. Raises HungUp."""
        data = text.encode(errors="replace")
        try:
            while data:
                data = data[os.write(self._out, data) :]
        except OSError as error:
            raise HungUp from error

    def size(self) -> tuple[int, int]:
        """Columns and lines; those of a terminal that does not say are 80 and 24."""
        try:
            columns, lines = os.get_terminal_size(self._out)
        except OSError:
            columns, lines = 0, 0
        return columns or 80, lines or 24

    @contextlib.contextmanager
    def _quietly(self) -> Iterator[None]:
        with contextlib.suppress(OSError, termios.error, HungUp):
            yield

    def _take(self) -> None:
        mode = [*self._mode]
        mode[0] &= ~(termios.IXON | termios.ICRNL)  # Ctrl-S must not hold up what is written
        mode[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)  # signals by keys stay
        mode[6] = [*mode[6]]
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        self._hold_others()
        termios.tcsetattr(self._in, termios.TCSANOW, mode)
        self.write(ENTER)

    def _give_back(self) -> None:
        with self._quietly():
            termios.tcflow(self._out, termios.TCOON)
        with self._quietly():
            self.write(LEAVE)
        with self._quietly():
            termios.tcflush(self._in, termios.TCIFLUSH)  # keys that were meant for us do not go to the shell
            termios.tcsetattr(self._in, termios.TCSANOW, self._mode)
        self._let_others()

    def _hold_others(self) -> None:
        self._others = tempfile.TemporaryFile()  # noqa: SIM115
        for handle in (1, 2):
            if handle == self._out:
                continue
            with contextlib.suppress(OSError):
                self._standard.append((os.dup(handle), handle))
                os.dup2(self._others.fileno(), handle)

    def _let_others(self) -> None:
        for kept, handle in self._standard:
            os.dup2(kept, handle)
            os.close(kept)
        self._standard.clear()
        if self._others is None:
            return
        self._others.seek(0, os.SEEK_END)
        self._others.seek(max(0, self._others.tell() - _KEPT_OUTPUT))
        with contextlib.suppress(OSError):
            os.write(2, self._others.read())
        self._others.close()
        self._others = None

    def _end(self, number: int, frame: FrameType | None) -> None:
        if self._leaving:
            return
        for each in self._handlers:
            signal.signal(each, signal.SIG_IGN)
        raise Ended(number)

    def _ask_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop_asked = True
        self.wake()

    def _stop(self) -> None:
        """Ctrl-Z: the terminal is the shell's until `fg`."""
        self._stop_asked = False
        self._give_back()
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTSTP)
        time.sleep(0)  # here it stands until SIGCONT
        signal.signal(signal.SIGTSTP, handler)
        self._take()
        self.stopped = True

    stopped = False
    """It was stopped since somebody last looked: the screen is to be painted as a whole."""
