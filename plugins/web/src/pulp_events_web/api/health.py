"""`health` and `version`."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from flask import current_app, g
from flask.views import MethodView

from pulp_events import EventBus
from pulp_events_web.api.resources import Resources
from pulp_events_web.api.schemas.health import HealthSchema, VersionSchema
from pulp_events_web.context import acting, context
from pulp_events_web.principal import Role

blueprint = Resources("health", __name__, "The server itself")

PATIENCE = 60.0
"""Seconds for which something may be pending while no process delivers: a worker that is restarted."""
FRESH = 5.0
"""Seconds for which an answer holds: anybody may ask, and asking costs the store a look and a short write."""
_NAMES = ("host", "pid", "kind", "delivers", "started", "last_seen", "gone", "version", "in_flight")


@dataclass
class _Kept:
    """The last answer of an application."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    at: float = float("-inf")
    found: dict[str, Any] = field(default_factory=dict)


@blueprint.route("/health")
class Health(MethodView):
    @blueprint.doc(security=[])
    @blueprint.response(200, HealthSchema)
    @blueprint.alt_response(503, schema=HealthSchema, description="failing")
    @blueprint.who(None)
    def get(self) -> Any:
        """Whether events are delivered: for load balancers, also without a token, and then only `status`"""
        kept = current_app.extensions.setdefault("pulp_events_web_health", _Kept())
        with kept.lock:
            if time.monotonic() - kept.at >= FRESH:
                kept.found, kept.at = health_of(context().bus), time.monotonic()
            found = kept.found
        status = 200 if found["status"] == "ok" else 503
        known = getattr(g, "principal", None) is not None
        shown = found if known else {"status": found["status"]}
        return shown, status, {"Cache-Control": "no-store"}


@blueprint.route("/version")
class Version(MethodView):
    @blueprint.response(200, VersionSchema)
    @blueprint.who(Role.VIEWER)
    def get(self) -> dict[str, Any]:
        """Releases that run"""
        acting().reading  # noqa: B018
        return {"pulp_events": version("pulp-events"), "pulp_events_web": version("pulp-events-web")}


def health_of(bus: EventBus) -> dict[str, Any]:
    """How it stands with store and workers, of `bus.health()`. Raises nothing."""
    found = bus.health(patience=PATIENCE)
    if not found.ready:
        return {"status": "failing", "store": False, "reason": "the store cannot be used; the server's log says why"}
    # Where nothing waits, nobody misses a worker.
    failing = not found.live and found.overdue > 0
    return {
        "status": "failing" if failing else "ok",
        "store": True,
        "reason": "deliveries are pending and no process that delivers is running" if failing else "",
        "degraded": bool(found.degraded),
        "troubles": [each.text for each in found.troubles],
        "workers": [{name: getattr(each, name) for name in _NAMES} for each in found.processes],
        "workers_alive": found.delivering,
        "workers_dead": found.gone,
        "pending": found.pending,
        "oldest_pending": found.oldest_pending,
    }
