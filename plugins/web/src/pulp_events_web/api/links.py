"""Links of the OpenAPI document (OpenAPI 3.1 §4.8.20): which operations go on with what an answer names."""

from __future__ import annotations

from typing import Any

from pulp_events_web.api.resources import PREFIX

Target = tuple[str, str]
"""Method, and path below `/api/v1/`."""

_ONE = "/listeners/{listener_id}"
LISTENER: tuple[Target, ...] = (
    *((method, _ONE) for method in ("get", "patch", "delete")),
    *(("post", f"{_ONE}/{name}") for name in ("enable", "disable", "mute", "unmute", "test", "rotate-secret")),
    *(("post", f"{_ONE}/{name}") for name in ("explain", "backfill", "backtest")),
    ("get", f"{_ONE}/history"),
)
EVENT: tuple[Target, ...] = tuple(
    ("get", f"/events/{{event_id}}{end}") for end in ("", "/deliveries", "/explanation")
)  # fmt: skip
DELIVERY: tuple[Target, ...] = (("get", "/deliveries/{delivery_id}"), ("post", "/deliveries/{delivery_id}/retry"))


def links(status: int, parameter: str, where: str, targets: tuple[Target, ...]) -> dict[str, Any]:
    """For `blueprint.doc`: with `parameter` from the answer of this status. `where`: JSON Pointer into its body."""
    found = {
        "_".join((method, *(part for part in path.split("/") if part.isidentifier() or "-" in part))): {
            "operationRef": f"#/paths/{(PREFIX + path).replace('/', '~1')}/{method}",
            "parameters": {parameter: f"$response.body#{where}"},
        }
        for method, path in targets
    }
    return {"responses": {status: {"links": found}}}
