"""A shell in a pseudo-terminal, and its screen as a person reads it.

The shell is bash, its prompt is `$ `, and what it writes goes through a terminal emulator (pyte): lines that are too
long are broken, a progress bar is the last state of it, colours are gone. `tall` lines of the past can be read, as
with a terminal's scroll bar.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pyte
from rich.cells import cell_len

READY = re.compile(rb"\x1b\]0;ready (\d+)\x07\$ $")
"""The prompt: an invisible title of the window with the exit code, and what is seen of it."""

FULL_SCREEN = b"\x1b[?1049h"
"""How a program begins that takes the whole screen."""

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b\][^\x07]*\x07|\x1b[=>78]")
PATIENCE = 60.0
"""Seconds until a text that does not come is a failure."""


class Terminal:
    """A shell in a terminal of `columns` × `lines`; a context manager."""

    def __init__(self, folder, environment, columns=80, lines=24):
        self.columns, self.lines = columns, lines
        mine, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "--noediting", "-i"],
            stdin=its, stdout=its, stderr=its, cwd=folder, start_new_session=True,
            env={**environment, "TERM": "xterm-256color", "PS1": r"\[\e]0;ready $?\a\]$ ", "HISTFILE": ""},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(its)
        self._handle = mine
        self._raw = b""
        self.finish()

    def type(self, command, answers=()):
        """Type a command and what it asks for, in order; returns the exit code, once the prompt is back.

        An answer is typed as soon as the screen ends with a question: with a space, and no line after it.
        """
        self.start(command)
        for answer in answers:
            self._until(lambda: self._raw.endswith((b"] ", b": ", b"? ")), f"a question to answer {answer!r}")
            os.write(self._handle, f"{answer}\n".encode())
            self._until(lambda: not self._raw.endswith((b"] ", b": ", b"? ")), "the echo of the answer")
        return self.finish()

    def start(self, command):
        """Type a command that keeps the terminal: `wait_for`, `press` and `interrupt` follow."""
        self._raw = b""
        os.write(self._handle, f"{command}\n".encode())
        self._until(lambda: b"\n" in self._raw, f"the echo of {command}")
        self._raw = self._raw.partition(b"\n")[2]

    def wait_for(self, text):
        """Until the screen, as it is read, shows this text."""
        self._until(lambda: text in "\n".join(self.read()), f"{text!r} on the screen")

    def press(self, keys):
        """Press keys; nothing is waited for."""
        os.write(self._handle, keys.encode())

    def interrupt(self):
        """Ctrl-C; returns the exit code, once the prompt is back."""
        self.press("\x03")
        return self.finish()

    def read(self):
        """The lines since the command was typed, as they are read on the screen, scrolled back if need be."""
        screen = pyte.HistoryScreen(self.columns, self.lines, history=10_000, ratio=1)
        pyte.ByteStream(screen).feed(READY.sub(b"", self._raw))
        past = ["".join(row[x].data for x in range(self.columns)) for row in screen.history.top]
        text = "\n".join(line.rstrip() for line in [*past, *screen.display])
        return text.rstrip("\n").split("\n")

    def too_wide(self):
        """The lines that the terminal had to break, in the middle of a word or a column."""
        if self.is_full_screen:  # everything is put in its place
            return []
        plain = ESCAPE.sub("", READY.sub(b"", self._raw).decode())
        ends = [line.rsplit("\r", 1)[-1].rstrip() for line in plain.replace("\r\n", "\n").split("\n")]
        return [line for line in ends if cell_len(line) > self.columns]

    @property
    def is_full_screen(self):
        """Whether the command took the whole screen."""
        return FULL_SCREEN in self._raw

    def close(self):
        """Hang up."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGHUP)
        os.close(self._handle)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def finish(self):
        """Wait for the prompt; returns the exit code."""
        self._until(lambda: READY.search(self._raw), "the prompt")
        return int(READY.search(self._raw)[1])

    def _until(self, there, what):
        end = time.monotonic() + PATIENCE
        while not there():
            shown = "\n".join(self.read())
            assert time.monotonic() < end, f"{what} did not come; the screen shows:\n{shown}"
            if select.select([self._handle], [], [], 0.2)[0]:
                self._raw += os.read(self._handle, 65536)
