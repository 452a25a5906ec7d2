"""Progress reports of a task or a task group."""

from typing import Any

from pulp_events_pulpcore.app.payloads import bounds


def progress(reports: Any) -> dict[str, Any]:
    """The latest reports, the oldest of them first, and how many were left out; one query. `reports`: a manager."""
    rows = list(reports.order_by("-pulp_created")[: bounds.ITEMS + 1])
    left_out = reports.count() - bounds.ITEMS if len(rows) > bounds.ITEMS else 0
    return {"reports": [_one(row) for row in reversed(rows[: bounds.ITEMS])], "left_out": left_out}


def _one(row: Any) -> dict[str, Any]:
    found = {
        "code": bounds.clipped(row.code),
        "message": bounds.clipped(row.message),
        "done": row.done,
        "total": row.total,
    }
    state = getattr(row, "state", None)  # those of a group have none
    return found if state is None else {**found, "state": state}
