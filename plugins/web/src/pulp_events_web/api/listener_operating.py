"""What is done with a listener: enable, disable, mute, unmute, test, rotate its secret, backfill."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask.views import MethodView

from pulp_events import EventBus, Listener
from pulp_events.bus.backfilling import Backfilled
from pulp_events.listeners.listeners import Listeners
from pulp_events.listeners.shown import refuse_generated
from pulp_events.notifier import Action
from pulp_events.system.clock import from_timestamp
from pulp_events_web.api import etags
from pulp_events_web.api.etags import ETAG, IF_MATCH
from pulp_events_web.api.listeners import Answer, mine, shown
from pulp_events_web.api.paging import written
from pulp_events_web.api.refusing import Refused, by_field, refuse
from pulp_events_web.api.resources import Resources
from pulp_events_web.api.schemas import listener_operating as schemas
from pulp_events_web.api.schemas.listeners import ListenerSchema
from pulp_events_web.context import acting, taking_long
from pulp_events_web.principal import Role
from pulp_events_web.trying import tried

blueprint = Resources("operating listeners", __name__, "What is done with a listener")

ROUTE = "/listeners/<string:listener_id>/"
BACKFILL_SECONDS = 10.0
"""That one request takes, about: then it says how far it is."""


@blueprint.route(ROUTE + "enable")
class Enable(MethodView):
    @blueprint.response(200, ListenerSchema, headers=ETAG)
    @blueprint.doc(parameters=[IF_MATCH])
    @blueprint.who(Role.OPERATOR, 404, 412)
    def post(self, listener_id: str) -> Answer:
        """Enable a listener

        What waited is delivered.
        """
        bus, found, listeners = _operated(listener_id)
        return shown(bus, listeners.enable(found.id))


@blueprint.route(ROUTE + "disable")
class Disable(MethodView):
    @blueprint.arguments(schemas.DisableSchema, required=False)
    @blueprint.response(200, ListenerSchema, headers=ETAG)
    @blueprint.doc(parameters=[IF_MATCH])
    @blueprint.who(Role.OPERATOR, 404, 412)
    def post(self, asked: Mapping[str, Any], listener_id: str) -> Answer:
        """Disable a listener

        Nothing is delivered until it is enabled.
        """
        bus, found, listeners = _operated(listener_id)
        return shown(bus, listeners.disable(found.id, asked["reason"]))


@blueprint.route(ROUTE + "mute")
class Mute(MethodView):
    @blueprint.arguments(schemas.MuteSchema)
    @blueprint.response(200, ListenerSchema, headers=ETAG)
    @blueprint.doc(parameters=[IF_MATCH])
    @blueprint.who(Role.OPERATOR, 404, 412)
    def post(self, asked: dict[str, Any], listener_id: str) -> Answer:
        """Mute a listener

        Nothing is delivered for so long; what is emitted meanwhile waits, or is dead with `drop`.
        """
        bus, found, listeners = _operated(listener_id)
        if asked["until"] is not None and asked["until"].timestamp() <= bus.clock.time():
            refuse("until", "Give a moment that is not past.")
        return shown(bus, listeners.mute(found.id, **asked))


@blueprint.route(ROUTE + "unmute")
class Unmute(MethodView):
    @blueprint.response(200, ListenerSchema, headers=ETAG)
    @blueprint.doc(parameters=[IF_MATCH])
    @blueprint.who(Role.OPERATOR, 404, 412)
    def post(self, listener_id: str) -> Answer:
        """Unmute a listener

        What waited is delivered.
        """
        bus, found, listeners = _operated(listener_id)
        return shown(bus, listeners.unmute(found.id))


@blueprint.route(ROUTE + "test")
class Test(MethodView):
    __test__ = False  # for pytest

    @blueprint.response(200, schemas.TrialsSchema)
    @blueprint.who(Role.OPERATOR, 404)
    def post(self, listener_id: str) -> dict[str, Any]:
        """Send a test event

        A marked one, now, enabled or not; the answer says what became of it at each target. Nothing is stored, or tried
        again.
        """
        act = acting()
        bus = act.operating
        results = tried(bus, bus.listeners.get(listener_id), act.principal.name)
        return {"results": [{**asdict(each), "outcome": str(each.outcome)} for each in results]}


@blueprint.route(ROUTE + "rotate-secret")
class RotateSecret(MethodView):
    @blueprint.arguments(schemas.RotateSchema)
    @blueprint.response(200, ListenerSchema, headers=ETAG)
    @blueprint.doc(parameters=[IF_MATCH])
    @blueprint.who(Role.ADMIN, 404, 409, 412)
    def post(self, asked: Mapping[str, Any], listener_id: str) -> Answer:
        """Give a listener a new secret

        The old one signs beside it for the time of the overlap.
        """
        act = acting()
        bus, found = act.reading, mine(act, listener_id)
        action = _action(bus, found, "rotate-secret")
        with by_field({}, under=()):
            refuse_generated(bus.plugins, found.notifier_type_id, {"secret": asked["secret"]})
            listeners = etags.as_seen(act.written, bus, found)
            action.run(listeners, found, {"secret": asked["secret"], "overlap": asked["overlap"], "bare": True})
        return shown(bus, bus.listeners.get(found.id))


@blueprint.route(ROUTE + "backfill")
class BackfillView(MethodView):
    @blueprint.arguments(schemas.BackfillSchema)
    @blueprint.response(200, schemas.BackfilledSchema)
    @blueprint.who(Role.ADMIN, 404)
    def post(self, asked: Mapping[str, Any], listener_id: str) -> dict[str, Any]:
        """Give a listener stored events

        Those that it would have got, had it been there as it is now; none twice. One request takes some ten seconds;
        where `complete` is false, the same request, with the `next` of the answer as `cursor`, goes on.
        """
        act = acting()
        found, bus = mine(act, listener_id), act.operating
        until, after = asked["cursor"] or (asked["until"] or from_timestamp(bus.clock.time()), 0)
        if asked["since"] >= until:
            refuse("since", "There is no time between since and until.")
        steps = bus.backfill(found.id, since=asked["since"], until=until, dry_run=asked["dry_run"], after=after)
        total, complete, end = Backfilled(place=after), True, time.monotonic() + BACKFILL_SECONDS
        with taking_long(), contextlib.closing(steps):
            for step in steps:
                came_further, total = step.place > total.place, step
                if time.monotonic() > end and came_further:
                    complete = False
                    break
        counts = {name: getattr(total, name) for name in ("added", "there", "expired", "unknown")}
        cursor = None if complete else written((until, total.place))
        return {**counts, "until": until, "complete": complete, "next": cursor}


def _operated(listener_id: str) -> tuple[EventBus, Listener, Listeners]:
    """The bus, the listener, and the listeners to operate it: only while it is as `If-Match` says."""
    act = acting()
    listeners, bus = act.operated, act.reading
    found = bus.listeners.get(listener_id)
    return bus, found, etags.as_seen(listeners, bus, found)


def _action(bus: EventBus, listener: Listener, name: str) -> Action:
    notifier = bus.plugins.notifier(listener.notifier_type_id)
    for each in notifier.actions():
        if each.name == name:
            return each
    text = f"listeners of type {listener.notifier_type_id} have no secret that is rotated; change it with PATCH"
    raise Refused(409, text)
