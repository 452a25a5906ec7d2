"""Log records as lines on standard error, at the price of `logging` only where there are any."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def log_to_stderr(verbose: int) -> Iterator[None]:
    """Show warnings of the framework and of plugins, more with `-v`.

    Most runs log nothing: unless somebody imported `logging` already, the handler is made for the first record.
    """
    undo: list[Callable[[], None]] = []

    def configure() -> None:
        from pulp_events_cli.output.log_handler import attach

        if not undo:
            undo.append(attach(verbose))

    if verbose or "logging" in sys.modules:
        configure()
    else:
        from pulp_events.system.logs import before_first_record

        before_first_record(configure)
    try:
        yield
    finally:
        for detach in undo:
            detach()
        undo.append(lambda: None)  # a record that comes after the end finds nothing to attach
