"""What a worker logs: a line each on standard error, or a JSON object a line on standard output."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

from pulp_events.redaction.logs import ScrubbingFilter
from pulp_events.system.clock import iso_z
from pulp_events.visible import json_text, visible


class JSONFormatter(logging.Formatter):
    """A record as one JSON object in one line: `time` (ISO 8601, UTC), `level`, `logger`, `message`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        message = record.getMessage()
        if record.exc_info:
            message = f"{message}\n{record.exc_text or self.formatException(record.exc_info)}"
        values = {
            "time": iso_z(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
        }
        return json_text(values)


class TextFormatter(logging.Formatter):
    """A record as text; what a payload or a receiver brought is made visible."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the traceback below it."""
        return visible(super().format(record), keep="\n\t")


def handler(as_json: bool, stdout: Any = None) -> logging.Handler:
    """Where a worker's records go. `stdout`: the stream for JSON, else the process's own."""
    found = logging.StreamHandler((stdout or sys.stdout) if as_json else sys.stderr)
    # A service's log has the time from journald, or from whoever keeps it; here every line says when and what.
    plain = TextFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    found.addFilter(ScrubbingFilter())
    found.setFormatter(JSONFormatter() if as_json else plain)
    return found
