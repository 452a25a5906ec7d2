"""`events`: what was emitted, and why it went where; and `POST`, which emits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask.views import MethodView

from pulp_events import EventBus
from pulp_events.bus.past import PastExplanation
from pulp_events.errors import EventConflict, UnknownEventType
from pulp_events.events.trace_context import TRACEPARENT, TRACESTATE
from pulp_events_web.api import paging
from pulp_events_web.api.idempotency import event_id_of, key_of
from pulp_events_web.api.links import DELIVERY, EVENT, links
from pulp_events_web.api.pages_of_deliveries import page_of_deliveries
from pulp_events_web.api.refusing import refuse
from pulp_events_web.api.resources import Resources
from pulp_events_web.api.schemas import deliveries as delivery_schemas
from pulp_events_web.api.schemas import events as schemas
from pulp_events_web.context import acting
from pulp_events_web.looking import looked
from pulp_events_web.principal import Role
from pulp_events_web.problems import text_of
from pulp_events_web.shown import deliveries as shown_deliveries
from pulp_events_web.shown import events as shown

blueprint = Resources("events", __name__, "Events")


@blueprint.route("/events")
class Events(MethodView):
    @blueprint.arguments(schemas.EventsQuery, location="query")
    @blueprint.response(200, schemas.EventsSchema)
    @blueprint.doc(**links(200, "event_id", "/items/0/id", EVENT))
    @blueprint.who(Role.VIEWER)
    def get(self, query: Mapping[str, Any]) -> Any:
        """Events that fit, newest first"""
        events, asked, limit = acting().reading.events, shown.query_of(query), query["limit"]
        before = query["cursor"] and query["cursor"][0]
        found = looked(
            lambda most, place, seconds: events.look(
                asked, limit=most, before=before if place is None else place, seconds=seconds
            ),
            limit + 1,
        )
        return paging.page_of_looked(
            found, limit, lambda each: (each.place,), lambda place: (place,),
            lambda kept: [shown.shown(each) for each in kept],
        )  # fmt: skip

    @blueprint.arguments(schemas.EmitHeaders, location="headers")
    @blueprint.arguments(schemas.EmitSchema)
    @blueprint.doc(**links(201, "event_id", "/id", EVENT))
    @blueprint.response(
        201, schemas.EmittedSchema, headers={"Location": {"schema": {"type": "string"}, "description": "the event"}}
    )
    @blueprint.who(Role.OPERATOR)
    def post(self, headers: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
        """Emit an event; stored when this answers"""
        asking = acting()
        bus = asking.operating
        chosen = None
        _refuse_own(bus, given["event_type"])
        if "idempotency_key" in headers:
            try:
                chosen = event_id_of(asking.principal, key_of(headers["idempotency_key"]))
            except ValueError as error:
                refuse("Idempotency-Key", str(error), 400, where="headers")
        try:
            event = bus.emit(
                given["event_type"], given["payload"], given["call_report"], id=chosen,
                expires=given.get("expires"), scope=given.get("scope"), trace_context=_trace_of(headers),
            )  # fmt: skip
        except UnknownEventType as error:
            refuse("event_type", text_of(error))
        except EventConflict as error:  # §2.7 of the draft
            refuse("Idempotency-Key", f"This key was used with another request: {error}", where="headers")
        return shown.emitted(event), 201, {"Location": url_for("events.OneEvent", event_id=event.id)}


def _trace_of(headers: Mapping[str, Any]) -> Mapping[str, str]:
    """What the client says of its trace. What of it is not valid, core leaves out: that is no reason to refuse."""
    return {name: headers[name] for name in (TRACEPARENT, TRACESTATE) if name in headers}


def _refuse_own(bus: EventBus, event_type: str) -> None:
    """What the event system tells of itself nobody else may tell: listeners and people rely on it."""
    if event_type in bus.event_types and bus.event_types.require(event_type).own:
        refuse("event_type", f"{event_type} is what the event system tells of itself; nobody else emits it.")


@blueprint.route("/events/<string:event_id>")
class OneEvent(MethodView):
    @blueprint.response(200, schemas.EventInFullSchema)
    @blueprint.who(Role.VIEWER, 404)
    def get(self, event_id: str) -> Any:
        """An event with its report"""
        return shown.in_full(acting().reading.events.get(event_id))


@blueprint.route("/events/<string:event_id>/deliveries")
class EventDeliveries(MethodView):
    @blueprint.arguments(paging.paged(str, int), location="query")
    @blueprint.response(200, delivery_schemas.DeliveriesSchema)
    @blueprint.doc(**links(200, "delivery_id", "/items/0/id", DELIVERY))
    @blueprint.who(Role.VIEWER, 404)
    def get(self, query: Mapping[str, Any], event_id: str) -> Any:
        """The deliveries of an event, newest first"""
        bus = acting().reading
        bus.events.get(event_id)
        return page_of_deliveries(bus, shown_deliveries.query_of({"event_id": event_id}), query)


@blueprint.route("/events/<string:event_id>/explanation")
class EventExplanation(MethodView):
    @blueprint.arguments(paging.paged(int, str), location="query")
    @blueprint.response(200, schemas.ExplanationsSchema)
    @blueprint.who(Role.VIEWER, 404)
    def get(self, query: Mapping[str, Any], event_id: str) -> Any:
        """Why an event went to each listener or not, as the listeners were then"""
        explanations, limit = acting().reading.explain_event(event_id, most=schemas.MOST), query["limit"]
        behind = query["cursor"] and (bool(query["cursor"][0]), query["cursor"][1])

        def key(last: PastExplanation) -> tuple[int, str]:
            without, listener_id = explanations.key_of(last.listener_id)
            return int(without), listener_id

        found = explanations.after(behind, limit + 1)
        return paging.page(found, limit, key, lambda kept: [shown.explained(each) for each in kept])
