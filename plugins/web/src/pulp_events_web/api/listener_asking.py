"""What is asked about a listener: its history; explain, backtest. Nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from flask.views import MethodView

from pulp_events import EventBus, Listener
from pulp_events.errors import ListenerNotFound, UnknownEventType
from pulp_events.frozen import thaw
from pulp_events.listeners.history import ListenerChange
from pulp_events.listeners.listeners import Listeners
from pulp_events.listeners.shown import as_stored
from pulp_events.outbox.stored_event import EventQuery
from pulp_events.system.clock import from_timestamp, iso_z
from pulp_events_web.api.listener_operating import ROUTE
from pulp_events_web.api.listeners import mine, options_of, refuse_not_theirs
from pulp_events_web.api.paging import Key, page
from pulp_events_web.api.refusing import by_field, refuse
from pulp_events_web.api.resources import Resources
from pulp_events_web.api.schemas import listener_asking as schemas
from pulp_events_web.context import acting, taking_long
from pulp_events_web.principal import Role
from pulp_events_web.problems import text_of
from pulp_events_web.shown.listeners import change_shown

blueprint = Resources("asking about listeners", __name__, "What is asked about a listener")

BACKTEST_EVENTS = 10_000
"""Events that one request looks at: the newest."""


@blueprint.route(ROUTE + "history")
class History(MethodView):
    @blueprint.arguments(schemas.HistoryQuery, location="query")
    @blueprint.response(200, schemas.HistorySchema)
    @blueprint.who(Role.VIEWER, 404)
    def get(self, asked: Mapping[str, Any], listener_id: str) -> Any:
        """Who changed a listener

        The newest change first, also of one that was deleted.
        """
        bus, limit = acting().reading, asked["limit"]
        moment, skip = asked["cursor"] or (None, 0)
        until = None if moment is None else moment + timedelta(microseconds=1)
        found = list(bus.listeners.history(listener_id, until=until, limit=skip + limit + 1))
        if not found and asked["cursor"] is None:
            bus.listeners.get(listener_id)  # there never was one
        found = found[skip:]

        def key(last: ListenerChange) -> Key:
            same = sum(each.time == last.time for each in found[:limit])
            return last.time, same + (skip if last.time == moment else 0)

        return page(found, limit, key, lambda kept: [change_shown(each) for each in kept])


@blueprint.route(ROUTE + "explain")
class Explain(MethodView):
    @blueprint.arguments(schemas.ExplainSchema)
    @blueprint.response(200, schemas.ListenerExplanationSchema)
    @blueprint.who(Role.VIEWER, 404)
    def post(self, asked: Mapping[str, Any], listener_id: str) -> dict[str, Any]:
        """Would a listener get such an event?
        And why, or why not. Nothing is stored or sent.
        """
        bus = acting().reading
        listener = bus.listeners.get(listener_id)
        try:
            found = bus.explain(asked["event_type"], asked["payload"], asked["call_report"], scope=asked["scope"])
        except UnknownEventType as error:
            refuse("event_type", text_of(error))
        for each in found:
            if each.listener.id == listener.id:
                return {"listener_id": listener.id, "gets": each.gets, "cause": each.cause, "reason": each.reason}
        raise ListenerNotFound(f"listener {listener.id} was deleted meanwhile")


@blueprint.route(ROUTE + "backtest")
class BacktestView(MethodView):
    @blueprint.arguments(schemas.BacktestSchema, required=False)
    @blueprint.response(200, schemas.BacktestedSchema)
    @blueprint.who(Role.VIEWER, 403, 404, 409)
    def post(self, asked: Mapping[str, Any], listener_id: str) -> dict[str, Any]:
        """Which stored events would a listener be sent?

        As it is, or changed as the body says, beside its deliveries. Nothing is stored or sent. At most 10,000 events
        are looked at, the newest. To test a change, the role admin is needed.
        """
        act = acting()
        bus = act.reading
        listener = bus.listeners.get(listener_id)
        asked = dict(asked)
        since, until, sample, previews = (asked.pop(name) for name in ("since", "until", "sample", "previews"))
        if asked:
            before = mine(act, listener_id)
            refuse_not_theirs(act.principal, asked)
            listener = _changed(bus, before, act.written, asked)
        until = until or from_timestamp(bus.clock.time())
        since = since or until - timedelta(days=1)
        with taking_long():
            since, complete = _bounded(bus, since, until)
            found = bus.backtest(listener, since=since, until=until, sample=sample, previews=previews)
        return {
            **{name: getattr(found, name) for name in schemas.BacktestedSchema().fields if hasattr(found, name)},
            "since": iso_z(since),
            "complete": complete,
            "counts": {str(verdict): count for verdict, count in found.counts.items()},
            "tested": [
                {
                    **asdict(each), "time": iso_z(each.time), "verdict": str(each.verdict),
                    "states": [str(state) for state in each.states],
                }
                for each in found.tested
            ],
            "previews": [asdict(each) for each in found.previews],
        }  # fmt: skip


def _changed(bus: EventBus, listener: Listener, written: Listeners, asked: Mapping[str, Any]) -> Listener:
    wanted = asked.get("notifier_config")
    with by_field(wanted or {}):
        given = None if wanted is None else as_stored(bus.plugins, listener, thaw(listener.notifier_config), wanted)
        draft = written.draft_update(listener.id, given, asked.get("event_types"), **options_of(asked))
    return draft if "enabled" not in asked else replace(draft, enabled=asked["enabled"])


def _bounded(bus: EventBus, since: datetime, until: datetime) -> tuple[datetime, bool]:
    """The moment from which on there are few enough events before `until`, and whether that is `since` itself."""
    left = BACKTEST_EVENTS
    for each in bus.events.each(EventQuery(since=since, until=until)):
        left -= 1
        if left < 0:
            return each.time + timedelta(microseconds=1), False
    return since, True
