"""Runs the installed `pulp-admin` in a pseudo-terminal, as a person sees it."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time


class Terminal:
    """A process whose standard streams are a terminal of so many columns; `text` is what it showed so far."""

    def __init__(self, command, environment, columns=120, stdout=None, stderr=None, rows=40):
        mine, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {key: value for key, value in environment.items() if key not in ("COLUMNS", "NO_COLOR")} | {
            "TERM": "xterm-256color",
            **{key: value for key, value in environment.items() if key == "NO_COLOR"},
        }
        self.process = subprocess.Popen(
            command,
            stdin=its,
            stdout=its if stdout is None else stdout,
            stderr=its if stderr is None else stderr,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(its)
        self._handle = mine
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a piece may end within a letter
        self.text = ""

    def read(self, until=None, timeout=30.0):
        """Read until this text was shown, or to the end; returns everything shown so far."""
        end = time.monotonic() + timeout
        while until is None or until not in self.text:
            assert time.monotonic() < end, f"not shown: {until!r}; shown: {self.text!r}"
            ended = self.process.poll() is not None  # asked before: it may write, and end, after we looked for more
            if not select.select([self._handle], [], [], 0.2)[0]:
                if ended and until is None:
                    break
                continue
            try:
                piece = os.read(self._handle, 65536)
            except OSError:  # the other side is closed
                piece = b""
            if not piece:
                assert until is None or until in self.text, f"not shown: {until!r}; shown: {self.text!r}"
                break
            self.text += self._decoder.decode(piece)
        return self.text

    def type(self, text):
        os.write(self._handle, text.encode())

    def interrupt(self):
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def end(self):
        """Everything it showed, and the exit code."""
        text = self.read()
        code = self.process.wait(60)
        self.close()
        return text, code

    def close(self):
        with contextlib.suppress(OSError):
            os.close(self._handle)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
