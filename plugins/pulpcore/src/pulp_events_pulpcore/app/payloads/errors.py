"""What went wrong, in words that may be shown."""

import traceback
from collections.abc import Mapping
from typing import Any

from pulp_events_pulpcore.app.payloads import bounds

NOTHING: dict[str, Any] = {"error_message": None, "error_code": None, "traceback": None}


def error_fields(error: Mapping[str, Any] | None) -> dict[str, Any]:
    """From `Task.error`: description and traceback of an exception, or the reason of a cancel."""
    if not error:
        return dict(NOTHING)
    message = error.get("description") or error.get("reason")
    trace = error.get("traceback")
    code = error.get("error_code")
    return {
        "error_message": None if message is None else bounds.clipped(message, bounds.MESSAGE),
        "error_code": None if code is None else bounds.clipped(code),
        "traceback": None if not trace else bounds.clipped_start(trace),
    }


def raised(error: BaseException) -> dict[str, Any]:
    """As pulpcore notes an exception, before it does."""
    return {
        "description": str(error) or type(error).__name__,
        "traceback": "".join(traceback.format_tb(error.__traceback__)),
        "error_code": getattr(error, "error_code", None),
    }
