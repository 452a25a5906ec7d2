"""Standard output and standard error: encodings that cannot fail, messages in one line, log records as such."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator

from pulp_events_cli.output.text import one_line

PROGRAM = "pulp-admin"


def error(text: str) -> None:
    """One line on standard error."""
    _say("error", text)


def warning(text: str) -> None:
    """One line on standard error."""
    _say("warning", text)


def _say(kind: str, text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(f"{PROGRAM}: {kind}: {one_line(text)}", file=sys.stderr, flush=True)


def prepare() -> None:
    """Let characters that the terminal's encoding lacks be escaped: output must not fail over a name."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def flush() -> None:
    """Write out what was printed; raises OSError."""
    if sys.stdout is not None:
        sys.stdout.flush()


def abandon_stdout() -> None:
    """Nobody reads standard output any more: let what is still buffered go nowhere, and nothing complain at exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Handler(logging.Handler):
    """Shows log records as messages of ours; with their traceback only at `-vv`."""

    def __init__(self, verbose: int) -> None:
        super().__init__()
        self._traces = verbose > 1

    def emit(self, record: logging.LogRecord) -> None:
        lines = record.getMessage().split("\n")
        kind = "warning" if record.levelno >= logging.WARNING else "info"
        _say(kind, lines[0].removesuffix(":"))
        if self._traces:
            trace = "\n".join(lines[1:])
            if not trace and record.exc_info:
                trace = logging.Formatter().formatException(record.exc_info)
            if trace:
                print(trace, file=sys.stderr)


@contextlib.contextmanager
def log_to_stderr(verbose: int) -> Iterator[None]:
    """Show warnings of the framework and of plugins, more with `-v`."""
    logger = logging.getLogger()
    handler = _Handler(verbose)
    before = logger.level
    logger.setLevel((logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)])
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
