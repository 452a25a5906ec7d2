"""What is done with a listener: enable, disable, mute, unmute, test, rotate its secret; its history; explain, backfill,
backtest."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from pulp_events import EventBus, Listener
from pulp_events.bus.backfilling import Backfilled
from pulp_events.errors import ListenerNotFound
from pulp_events.frozen import thaw
from pulp_events.listeners.listeners import Listeners
from pulp_events.listeners.shown import as_stored, refuse_generated
from pulp_events.notifier import Action
from pulp_events.outbox.stored_event import EventQuery
from pulp_events.system.clock import from_timestamp, iso_z
from pulp_events_web.api import cursors, etags
from pulp_events_web.api.described import CHANGING, ETAG, IF_MATCH, OF_ONE, WITH_BODY, problems
from pulp_events_web.api.listeners import PREFIX, Answer, mine, options_of, refuse_not_theirs, shown
from pulp_events_web.api.refusing import Refused, by_field
from pulp_events_web.api.schemas import listener_actions as schemas
from pulp_events_web.api.schemas.listeners import ListenerSchema
from pulp_events_web.context import acting
from pulp_events_web.shown.listeners import change_shown
from pulp_events_web.trying import LONGEST, TooMany, tried

blueprint = Blueprint("listener actions", __name__, url_prefix=PREFIX, description="What is done with a listener")

ROUTE = "/listeners/<string:listener_id>/"
BACKFILL_SECONDS = 10.0
"""That one request takes, about: then it says how far it is."""
BACKTEST_EVENTS = 10_000
"""Events that one request looks at: the newest."""


def _operated(listener_id: str) -> tuple[EventBus, Listener, Listeners]:
    """The bus, the listener, and the listeners to operate it: only while it is as `If-Match` says."""
    act = acting()
    listeners, bus = act.operated, act.reading
    found = bus.listeners.get(listener_id)
    return bus, found, etags.as_seen(listeners, bus, found)


@blueprint.route(ROUTE + "enable")
class Enable(MethodView):
    @blueprint.response(200, ListenerSchema, headers=ETAG)
    @blueprint.doc(parameters=[IF_MATCH])
    @problems(blueprint, *OF_ONE, 412)
    def post(self, listener_id: str) -> Answer:
        """Enable a listener

        What waited is delivered. Role: operator.
        """
        bus, found, listeners = _operated(listener_id)
        return shown(bus, listeners.enable(found.id))


@blueprint.route(ROUTE + "disable")
class Disable(MethodView):
    @blueprint.arguments(schemas.DisableSchema)
    @blueprint.response(200, ListenerSchema, headers=ETAG)
    @blueprint.doc(parameters=[IF_MATCH])
    @problems(blueprint, *OF_ONE, 412, *WITH_BODY)
    def post(self, asked: Mapping[str, Any], listener_id: str) -> Answer:
        """Disable a listener

        Nothing is delivered until it is enabled. Role: operator.
        """
        bus, found, listeners = _operated(listener_id)
        return shown(bus, listeners.disable(found.id, asked["reason"]))


@blueprint.route(ROUTE + "mute")
class Mute(MethodView):
    @blueprint.arguments(schemas.MuteSchema)
    @blueprint.response(200, ListenerSchema, headers=ETAG)
    @blueprint.doc(parameters=[IF_MATCH])
    @problems(blueprint, *OF_ONE, 412, *WITH_BODY)
    def post(self, asked: dict[str, Any], listener_id: str) -> Answer:
        """Mute a listener

        Nothing is delivered for so long; what is emitted meanwhile waits, or is dead with `drop`. Role: operator.
        """
        bus, found, listeners = _operated(listener_id)
        return shown(bus, listeners.mute(found.id, **asked))


@blueprint.route(ROUTE + "unmute")
class Unmute(MethodView):
    @blueprint.response(200, ListenerSchema, headers=ETAG)
    @blueprint.doc(parameters=[IF_MATCH])
    @problems(blueprint, *OF_ONE, 412)
    def post(self, listener_id: str) -> Answer:
        """Unmute a listener

        What waited is delivered. Role: operator.
        """
        bus, found, listeners = _operated(listener_id)
        return shown(bus, listeners.unmute(found.id))


@blueprint.route(ROUTE + "test")
class Test(MethodView):
    __test__ = False  # for pytest

    @blueprint.response(200, schemas.TrialsSchema)
    @problems(blueprint, *OF_ONE, 422)
    def post(self, listener_id: str) -> dict[str, Any]:
        """Send a test event

        A marked one, now, enabled or not; the answer says what became of it at each target. Nothing is stored, or tried
        again. Role: operator.
        """
        bus = acting().operating
        try:
            results = tried(bus, bus.listeners.get(listener_id))
        except TooMany:
            text = "Too many tests are under way; try again in a moment."
            response = Refused(429, text)
            response.response.headers["Retry-After"] = f"{LONGEST:.0f}"  # type: ignore[union-attr]
            raise response from None
        return {"results": [{**asdict(each), "outcome": str(each.outcome)} for each in results]}


@blueprint.route(ROUTE + "rotate-secret")
class RotateSecret(MethodView):
    @blueprint.arguments(schemas.RotateSchema)
    @blueprint.response(200, ListenerSchema, headers=ETAG)
    @blueprint.doc(parameters=[IF_MATCH])
    @problems(blueprint, *OF_ONE, *CHANGING, *WITH_BODY)
    def post(self, asked: Mapping[str, Any], listener_id: str) -> Answer:
        """Give a listener a new secret

        The old one signs beside it for the time of the overlap. Role: admin.
        """
        act = acting()
        bus, found = act.reading, mine(act, listener_id)
        action = _action(bus, found, "rotate-secret")
        with by_field({}):
            refuse_generated(bus.plugins, found.notifier_type_id, {"secret": asked["secret"]})
            listeners = etags.as_seen(act.written, bus, found)
            action.run(listeners, found, {"secret": asked["secret"], "overlap": asked["overlap"], "bare": True})
        return shown(bus, bus.listeners.get(found.id))


@blueprint.route(ROUTE + "history")
class History(MethodView):
    @blueprint.arguments(schemas.HistoryArguments, location="query", unknown=RAISE)
    @blueprint.response(200, schemas.HistorySchema)
    @problems(blueprint, *OF_ONE, 422)
    def get(self, asked: Mapping[str, Any], listener_id: str) -> dict[str, Any]:
        """Who changed a listener

        The newest change first, also of one that was deleted. Role: viewer.
        """
        bus, limit = acting().reading, asked["limit"]
        moment, skip = (None, 0) if asked["cursor"] is None else cursors.read(asked["cursor"], datetime, int)
        until = None if moment is None else moment + timedelta(microseconds=1)
        found = list(bus.listeners.history(listener_id, until=until, limit=skip + limit + 1))
        if not found and asked["cursor"] is None:
            bus.listeners.get(listener_id)  # there never was one
        found = found[skip:]
        page, more = found[:limit], len(found) > limit
        cursor = None
        if more:
            last = page[-1].time
            same = sum(each.time == last for each in page) + (skip if last == moment else 0)
            cursor = cursors.written(last.isoformat(), same)
        return {"items": [change_shown(each) for each in page], "next": cursor}


@blueprint.route(ROUTE + "explain")
class Explain(MethodView):
    @blueprint.arguments(schemas.ExplainSchema)
    @blueprint.response(200, schemas.ExplanationSchema)
    @problems(blueprint, *OF_ONE, *WITH_BODY)
    def post(self, asked: Mapping[str, Any], listener_id: str) -> dict[str, Any]:
        """Would a listener get such an event?

        And why, or why not. Nothing is stored or sent. Role: viewer.
        """
        bus = acting().reading
        listener = bus.listeners.get(listener_id)
        found = bus.explain(asked["event_type"], asked["payload"], asked["call_report"], scope=asked["scope"])
        for each in found:
            if each.listener.id == listener.id:
                return {"listener_id": listener.id, "gets": each.gets, "cause": each.cause, "reason": each.reason}
        raise ListenerNotFound(f"listener {listener.id} was deleted meanwhile")


@blueprint.route(ROUTE + "backfill")
class BackfillView(MethodView):
    @blueprint.arguments(schemas.BackfillSchema)
    @blueprint.response(200, schemas.BackfilledSchema)
    @problems(blueprint, *OF_ONE, *WITH_BODY)
    def post(self, asked: Mapping[str, Any], listener_id: str) -> dict[str, Any]:
        """Give a listener stored events

        Those that it would have got, had it been there as it is now; none twice. One request takes some ten seconds;
        where `complete` is false, the same request, with the `until` of the answer, goes on. Role: admin.
        """
        act = acting()
        found, bus = mine(act, listener_id), act.operating
        until = asked["until"] or from_timestamp(bus.clock.time())
        if asked["since"] >= until:
            text = "There is no time between since and until."
            raise Refused(422, text, {"since": [text]})
        steps = bus.backfill(found.id, since=asked["since"], until=until, dry_run=asked["dry_run"])
        total, complete, end = Backfilled(), True, time.monotonic() + BACKFILL_SECONDS
        try:
            for step in steps:
                total = step
                if time.monotonic() > end:
                    complete = False
                    break
        finally:
            steps.close()  # type: ignore[attr-defined]
        return {**asdict(total), "until": iso_z(until), "complete": complete}


@blueprint.route(ROUTE + "backtest")
class BacktestView(MethodView):
    @blueprint.arguments(schemas.BacktestSchema)
    @blueprint.response(200, schemas.BacktestedSchema)
    @problems(blueprint, *OF_ONE, *WITH_BODY)
    def post(self, asked: Mapping[str, Any], listener_id: str) -> dict[str, Any]:
        """Which stored events would a listener be sent?

        As it is, or changed as the body says, beside its deliveries. Nothing is stored or sent. At most 10,000 events
        are looked at, the newest. Role: viewer; to test a change, admin.
        """
        act = acting()
        bus = act.reading
        listener = bus.listeners.get(listener_id)
        asked = dict(asked)
        since, until, sample, previews = (asked.pop(name) for name in ("since", "until", "sample", "previews"))
        if asked:
            listener = _changed(bus, mine(act, listener_id), act.written, asked)
            refuse_not_theirs(act.principal, asked)
        until = until or from_timestamp(bus.clock.time())
        since = since or until - timedelta(days=1)
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


def _action(bus: EventBus, listener: Listener, name: str) -> Action:
    notifier = bus.plugins.notifier(listener.notifier_type_id)
    for each in notifier.actions():
        if each.name == name:
            return each
    text = f"listeners of type {listener.notifier_type_id} have no secret that is rotated; change it with PATCH"
    raise Refused(409, text)
