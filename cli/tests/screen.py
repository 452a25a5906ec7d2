"""A full-screen program in a pseudo-terminal, and the screen as a person sees it."""

from __future__ import annotations

import codecs
import fcntl
import os
import select
import struct
import sys
import termios
import time
from pathlib import Path

import pyte

sys.path.insert(0, str(Path(__file__).parent))
from terminal import Terminal


class Screen(Terminal):
    """What is on it is made of everything that the program wrote, by the rules of a terminal (pyte)."""

    def __init__(self, command, environment, columns=80, rows=24):
        self._pyte = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._pyte)
        super().__init__(command, environment, columns, rows=rows)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.before = self.modes()

    def modes(self):
        """How the terminal treats keys and output."""
        return termios.tcgetattr(self._handle)

    @property
    def lines(self):
        """The screen, line by line."""
        return [line.rstrip() for line in self._pyte.display]

    @property
    def shown(self):
        return "\n".join(self.lines)

    def line_with(self, text):
        return next((line for line in self.lines if text in line), "")

    def style_at(self, text):
        """The character of the screen with which this text begins: its colours and attributes."""
        for number, line in enumerate(self._pyte.display):
            if text in line:
                return self._pyte.buffer[number][line.index(text)]
        raise AssertionError(f"not shown: {text!r}; shown:\n{self.shown}")

    def see(self, *texts, gone=(), timeout=30.0):
        """Read until all of these are on the screen at once, and none of `gone`."""
        end = time.monotonic() + timeout
        while not all(text in self.shown for text in texts) or any(text in self.shown for text in gone):
            assert time.monotonic() < end, f"wanted: {texts}, gone: {gone}; shown:\n{self.shown}"
            assert self.more(), f"it ended; wanted: {texts}; shown:\n{self.shown}\n{self.text[-2000:]}"
        return self

    def more(self, wait=0.2):
        """Read what there is; False once the other side is closed."""
        ended = self.process.poll() is not None  # asked before: it may write, and end, after we looked for more
        if not select.select([self._handle], [], [], wait)[0]:
            return not ended
        try:
            piece = self._decoder.decode(os.read(self._handle, 65536))
        except OSError:
            return False
        self.text += piece
        self._stream.feed(piece)
        return True

    def end(self):
        """Read to the end; the exit code."""
        while self.more():
            pass
        return self.process.wait(60)

    def resize(self, columns, rows):
        self._pyte.resize(rows, columns)
        self._pyte.reset()  # what is seen from now on was drawn for this size
        fcntl.ioctl(self._handle, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def is_as_before(self):
        """The terminal's modes are those from before the program, its own screen was left, and the cursor is seen."""
        left = self.text.rfind("\x1b[?1049l") > self.text.rfind("\x1b[?1049h")
        seen = self.text.rfind("\x1b[?25h") > self.text.rfind("\x1b[?25l")
        wraps = self.text.rfind("\x1b[?7h") > self.text.rfind("\x1b[?7l")
        return self.modes() == self.before and left and seen and wraps
