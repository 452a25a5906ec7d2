"""Takes secrets out of what others log: the libraries that notifiers use write addresses and headers as they are.

What core logs is scrubbed where it is written. For all other loggers there are two places: the handlers of a worker
and of `pulp-admin`, which see every record of the process (`ScrubbingFilter`), and in an application, whose handlers
are its own, the making of records in our threads (`scrub_our_threads`).
"""

from __future__ import annotations

import logging
import threading
import warnings
from typing import Any

from pulp_events.redaction import scrubber
from pulp_events.system.log_fields import FIELDS
from pulp_events.system.logs import message_of

OWN = "pulp_events"
THREADS = "pulp-events-"
"""How the names of our threads begin."""


class ScrubbingFilter(logging.Filter):
    """For a handler: it gets records without the secrets of any listener that this process delivers to."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true; the record is changed."""
        scrub(record)
        return True


def scrub(record: logging.LogRecord) -> None:
    """Take all known secrets out of message and traceback. Core's own records are clean already."""
    if record.name == OWN or record.name.startswith(f"{OWN}."):
        return
    known = _known()
    if not known:
        return
    message = message_of(record)
    if (clean := _scrubbed(message, known)) != message:
        record.msg, record.args = clean, ()
    if record.exc_info and not record.exc_text:
        record.exc_text = logging.Formatter().formatException(record.exc_info)
    if record.exc_text:
        record.exc_text = _scrubbed(record.exc_text, known)
    for name in FIELDS:
        if isinstance(value := vars(record).get(name), str):
            setattr(record, name, _scrubbed(value, known))


def scrub_our_threads() -> None:
    """Let records and warnings that are made in our threads be clean from the start, whoever shows them."""
    _scrub_warnings()
    make = logging.getLogRecordFactory()
    if getattr(make, "scrubs_our_threads", False):
        return

    def made(*arguments: Any, **keywords: Any) -> logging.LogRecord:
        record = make(*arguments, **keywords)
        if record.threadName is not None and record.threadName.startswith(THREADS):
            scrub(record)
        return record

    made.scrubs_our_threads = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(made)


def _scrub_warnings() -> None:
    show = warnings.showwarning
    if getattr(show, "scrubs_our_threads", False):
        return

    def shown(message: Warning | str, *arguments: Any, **keywords: Any) -> None:
        if threading.current_thread().name.startswith(THREADS):
            text = str(message)
            message = message if (clean := _scrubbed(text, _known())) == text else clean
        show(message, *arguments, **keywords)

    shown.scrubs_our_threads = True  # type: ignore[attr-defined]
    warnings.showwarning = shown


def _known() -> list[scrubber.Scrubber]:
    return [found for reference in list(scrubber.alive) if (found := reference()) is not None]


def _scrubbed(text: str, known: list[scrubber.Scrubber]) -> str:
    return scrubber.scrub_by(known, text)
