"""`refusing`: what an object of the application's raises while it is made into JSON."""

from __future__ import annotations

from pulp_events.errors import InvalidEvent
from pulp_events.system.signal_handlers import raised_in_handler
from pulp_events.visible import one_line


def refusing(value: object, path: str, error: Exception) -> InvalidEvent:
    """The error to raise, from this one, of a value whose own code failed.

    Raises `error` itself where it is no failure of that code: an exception of a signal handler that ran meanwhile.
    """
    if raised_in_handler(error):
        raise error
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    return InvalidEvent(f"{path} is a {kind} that cannot be written as JSON: {reason(error)}")


def reason(error: Exception) -> str:
    """An error in one line, with its class."""
    try:
        text = one_line(str(error))
    except Exception as other:  # noqa: BLE001  # a class of the application's may have any text
        if raised_in_handler(other):
            raise
        text = ""
    return f"{type(error).__name__}: {text:.200}" if text else type(error).__name__
