"""Writes each attempt of a delivery as a line of JSON to the file that PULP_EVENTS_AUDIT_LOG names."""

import json
import os

from pulp_events import Attempt, Delivery, hookimpl


@hookimpl
def pulp_delivery_attempted(delivery: Delivery, attempt: Attempt) -> None:
    """Called in a dispatcher's thread, after the attempt was recorded."""
    path = os.environ.get("PULP_EVENTS_AUDIT_LOG")
    if not path:
        return
    line = {
        "time": attempt.started.isoformat(),
        "delivery": delivery.id,
        "event_type": delivery.event_type,
        "listener": delivery.listener_id,
        "target": delivery.target,
        "attempt": attempt.number,
        "outcome": attempt.outcome,
        "seconds": round(attempt.duration, 3),
        "detail": attempt.detail,
        "state": delivery.state,
    }
    # One write to a file that is opened for appending: lines of several workers do not get mixed.
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(file, json.dumps(line).encode() + b"\n")
    finally:
        os.close(file)
