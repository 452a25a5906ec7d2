"""`health` and `version`."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from flask import current_app, g
from flask.views import MethodView

from pulp_events import EventBus, EventsError
from pulp_events_web.api.resources import Resources
from pulp_events_web.api.schemas.health import HealthSchema, VersionSchema
from pulp_events_web.context import acting, context
from pulp_events_web.principal import Role

blueprint = Resources("health", __name__, "The server itself")

PATIENCE = 60.0
"""Seconds for which something may be pending while no process delivers: a worker that is restarted."""
FRESH = 1.0
"""Seconds for which an answer holds: anybody may ask, and asking costs the store a look."""
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
    """How it stands with store and workers. Raises nothing."""
    try:
        stats, workers = bus.deliveries.stats(), bus.workers()
        bus.listeners.list()
    except EventsError:
        return {"status": "failing", "store": False, "reason": "the store cannot be used; the server's log says why"}
    alive = [each for each in workers if each.delivers and not each.gone]
    waits = 0.0 if stats.oldest_pending is None else bus.clock.time() - stats.oldest_pending.timestamp()
    failing = not alive and waits > PATIENCE
    return {
        "status": "failing" if failing else "ok",
        "store": True,
        "reason": "deliveries are pending and no process that delivers is running" if failing else "",
        "workers": [{name: getattr(each, name) for name in _NAMES} for each in workers],
        "workers_alive": len(alive),
        "workers_dead": sum(each.delivers and each.gone for each in workers),
        "pending": stats.pending,
        "oldest_pending": stats.oldest_pending,
    }
