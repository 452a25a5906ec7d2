"""Formatters for log records: one JSON object per line, or text. Workers use them, and applications may.

    handler = logging.StreamHandler()
    handler.setFormatter(JSONFormatter())
    logging.getLogger().addHandler(handler)

In a `logging.config` dictionary: `{"()": "pulp_events.logs.JSONFormatter"}`.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from pulp_events.system.clock import iso_z
from pulp_events.system.log_fields import fields_of
from pulp_events.system.logs import message_of
from pulp_events.visible import json_text, visible

_SHORT = {"delivery_id": "delivery", "listener_id": "listener", "trace_id": "trace"}
"""What a line of text says of what it is about, unless it does so itself."""


class JSONFormatter(logging.Formatter):
    """A record as one JSON object in one line, whatever its message holds.

    `time` (RFC 3339, UTC), `level`, `logger`, `message`, the traceback included; and of `log_fields.FIELDS` what is
    known: `delivery_id`, `event_id`, `listener_id`, `trace_id` and others.
    """

    def __init__(self, *, ascii_only: bool = False) -> None:
        """`ascii_only`: for a stream that takes no other characters."""
        super().__init__()
        self._ascii_only = ascii_only

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        message = message_of(record)
        if record.exc_info or record.exc_text:
            message = f"{message}\n{record.exc_text or self.formatException(record.exc_info or (None, None, None))}"
        values = {
            "time": iso_z(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
            **fields_of(record),
        }
        return json.dumps(values) if self._ascii_only else json_text(values)


class TextFormatter(logging.Formatter):
    """A record as text; what a payload or a receiver brought is made visible."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the traceback below it."""
        record.message = message_of(record)
        if self.usesTime():
            record.asctime = self.formatTime(record, self.datefmt)
        first, newline, rest = self.formatMessage(record).partition("\n")
        text = f"{first}{_about(record)}{newline}{rest}"
        if record.exc_info or record.exc_text:
            text += f"\n{record.exc_text or self.formatException(record.exc_info or (None, None, None))}"
        return visible(text, keep="\n\t")


def _about(record: logging.LogRecord) -> str:
    known = fields_of(record)
    told = {word: str(known[name]) for name, word in _SHORT.items() if name in known}
    said = [f"{word} {value}" for word, value in told.items() if value not in record.message]
    return f" [{', '.join(said)}]" if said else ""
