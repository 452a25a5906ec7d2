"""`stats`: how many deliveries there are, and what happened to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask.views import MethodView

from pulp_events.errors import ListenerNotFound
from pulp_events.outbox.activity import Activities, Activity
from pulp_events.outbox.histogram import Histogram
from pulp_events.outbox.records import Stats as Counted
from pulp_events_web.api.refusing import refuse
from pulp_events_web.api.resources import Resources
from pulp_events_web.api.schemas import stats as schemas
from pulp_events_web.context import acting
from pulp_events_web.principal import Role
from pulp_events_web.problems import text_of

blueprint = Resources("stats", __name__, "Counts")


@blueprint.route("/stats")
class Stats(MethodView):
    @blueprint.arguments(schemas.StatsQuery, location="query")
    @blueprint.response(200, schemas.StatsSchema)
    @blueprint.who(Role.VIEWER)
    def get(self, query: Mapping[str, Any]) -> Any:
        """Counts of deliveries; with `since`, what happened from then on"""
        since, until = query.get("since"), query.get("until")
        if since is None and until is not None:
            refuse("since", "Give it with until: that belongs to what happened in a span of time.")
        if since is not None and until is not None and until <= since:
            refuse("until", "It must be after since.")
        deliveries = acting().reading.deliveries
        try:
            return _stats(deliveries.stats(since, until, query["by"], listener=query.get("listener")))
        except ListenerNotFound as error:
            refuse("listener", text_of(error))


def _stats(found: Counted) -> dict[str, Any]:
    names = ("oldest_pending", "events", "events_alone", "oldest_event", "dropped")
    return {
        **{name: getattr(found, name) for name in names},
        "totals": _counts(found.totals),
        "by_listener": {listener: _counts(counts) for listener, counts in found.by_listener.items()},
        "activity": None if found.activity is None else _activities(found.activity),
    }


def _counts(by_state: Mapping[Any, int]) -> dict[str, int]:
    return {str(state): count for state, count in by_state.items()}


def _activities(found: Activities) -> dict[str, Any]:
    return {
        "since": found.span.since,
        "until": found.span.until,
        "step": found.span.step,
        "by": str(found.by),
        "total": _activity(found.total),
        "groups": {key: _activity(each) for key, each in found.groups.items()},
    }


def _activity(found: Activity) -> dict[str, Any]:
    names = ("delivered", "failed", "dead", "discarded", "pending", "under_way", "oldest_pending", "series")
    return {
        **{name: getattr(found, name) for name in names},
        "attempts": {str(outcome): count for outcome, count in found.attempts.items()},
        "attempt_seconds": _seconds(found.seconds),
        "delay_seconds": _seconds(found.delay),
    }


def _seconds(found: Histogram) -> dict[str, float | None]:
    return {"median": found.quantile(0.5), "p95": found.quantile(0.95), "p99": found.quantile(0.99)}
