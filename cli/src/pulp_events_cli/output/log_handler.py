"""Log records as messages of `pulp-admin`, with their tracebacks only at `-vv`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from pulp_events.redaction.logs import ScrubbingFilter
from pulp_events.visible import visible
from pulp_events_cli.output.streams import say

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class _Handler(logging.Handler):
    def __init__(self, verbose: int) -> None:
        super().__init__()
        self._traces = verbose > 1
        self.addFilter(ScrubbingFilter())

    def emit(self, record: logging.LogRecord) -> None:
        first, *rest = record.getMessage().split("\n")
        say("warning" if record.levelno >= logging.WARNING else "info", first.removesuffix(":"))
        if self._traces:
            trace = "\n".join(rest)
            if not trace and record.exc_info:
                trace = record.exc_text or logging.Formatter().formatException(record.exc_info)
            if trace:
                print(visible(trace, keep="\n\t"), file=sys.stderr)


def attach(verbose: int) -> Callable[[], None]:
    """Show warnings, with `verbose` 1 also information, with 2 everything; returns what undoes it."""
    logger = logging.getLogger()
    handler = _Handler(verbose)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(_LEVELS[min(verbose, 2)])

    def detach() -> None:
        logger.removeHandler(handler)
        logger.setLevel(level)

    return detach
