"""Writes each attempt of a delivery as a line of JSON to the file that `[audit-log] file` names."""

from __future__ import annotations

import json
import os

from marshmallow import Schema, fields
from pulp_events import Attempt, Delivery, Settings, hookimpl


class AuditLogSettings(Schema):
    """The section `[audit-log]` of server.conf."""

    file = fields.String(load_default="", metadata={"help": "file that attempts are written to; none unless set"})


@hookimpl
def pulp_settings_sections() -> dict[str, type[Schema]]:
    """Called once, when a bus opens. A mistake in the section is then an error that names it."""
    return {"audit-log": AuditLogSettings}


@hookimpl
def pulp_delivery_attempted(delivery: Delivery, attempt: Attempt, settings: Settings) -> None:
    """Called in a thread for observers, after the attempt was recorded."""
    name = settings.section("audit-log")["file"]
    if not name:
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
    # One write to a file that is opened for appending: lines of several threads and workers do not get mixed.
    path = settings.file("audit-log", "file", name)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(file, json.dumps(line).encode() + b"\n")
    finally:
        os.close(file)
