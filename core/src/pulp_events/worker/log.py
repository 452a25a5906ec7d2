"""What a worker logs: a line each on standard error, or a JSON object a line on standard output."""

from __future__ import annotations

import logging
import sys
from typing import Any

from pulp_events.logs import JSONFormatter, TextFormatter
from pulp_events.redaction.logs import ScrubbingFilter
from pulp_events.worker.throttle import ThrottledHandler


def handler(as_json: bool, stdout: Any = None) -> logging.Handler:
    """Where a worker's records go. `stdout`: the stream for JSON, else the process's own."""
    stream = (stdout or sys.stdout) if as_json else sys.stderr
    found = ThrottledHandler(stream)
    # A service's log has the time from journald, or from whoever keeps it; here every line says when and what.
    plain = TextFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    found.addFilter(ScrubbingFilter())
    found.setFormatter(JSONFormatter(ascii_only=not _takes_everything(stream)) if as_json else plain)
    return found


def _takes_everything(stream: Any) -> bool:
    """Whether it is one of the encodings that have every character."""
    return str(getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "").replace("_", "").startswith("utf")
