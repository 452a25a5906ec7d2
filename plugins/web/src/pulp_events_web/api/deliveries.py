"""`deliveries`: what is to be delivered, was, or could not be; its attempts; and retries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask.views import MethodView

from pulp_events.errors import ListenerNotFound
from pulp_events.outbox.records import DeliveryQuery
from pulp_events_web.api.links import DELIVERY, links
from pulp_events_web.api.pages_of_deliveries import page_of_deliveries
from pulp_events_web.api.refusing import refuse
from pulp_events_web.api.resources import Resources
from pulp_events_web.api.schemas import deliveries as schemas
from pulp_events_web.bounded import sum_within
from pulp_events_web.context import acting, taking_long
from pulp_events_web.principal import Role
from pulp_events_web.problems import problem, text_of
from pulp_events_web.shown import deliveries as shown

blueprint = Resources("deliveries", __name__, "Deliveries and their attempts")

LONGEST = 10.0
"""Seconds after which a retry by filter answers that there are more."""


@blueprint.route("/deliveries")
class Deliveries(MethodView):
    @blueprint.arguments(schemas.DeliveriesQuery, location="query")
    @blueprint.response(200, schemas.DeliveriesSchema)
    @blueprint.doc(**links(200, "delivery_id", "/items/0/id", DELIVERY))
    @blueprint.who(Role.VIEWER)
    def get(self, query: Mapping[str, Any]) -> Any:
        """Deliveries that fit, newest first"""
        bus = acting().reading
        try:
            return page_of_deliveries(bus, shown.query_of(query), query)
        except ListenerNotFound as error:
            refuse("listener", text_of(error))


@blueprint.route("/deliveries/<string:delivery_id>")
class OneDelivery(MethodView):
    @blueprint.response(200, schemas.DeliveryInFullSchema)
    @blueprint.who(Role.VIEWER, 404)
    def get(self, delivery_id: str) -> Any:
        """A delivery, its attempts, and what it waits for"""
        bus = acting().reading
        found = bus.deliveries.get(delivery_id)
        attempts = shown.attempts(bus.deliveries.attempts(delivery_id))
        return {**shown.shown_all(bus, [found])[0], "attempt_list": attempts}


@blueprint.route("/deliveries/<string:delivery_id>/retry")
class Retry(MethodView):
    @blueprint.response(200, schemas.RetriedSchema)
    @blueprint.who(Role.OPERATOR, 404, 409)
    def post(self, delivery_id: str) -> Any:
        """Attempt a delivery again, now; one that was delivered, by a repeat of it"""
        bus = acting().operating
        found = bus.deliveries.get(delivery_id)
        count = sum(bus.deliveries.retry(DeliveryQuery(state=found.state, ids=[found.id]), again=True))
        if not count:
            return problem(
                409,
                f"delivery {found.id} is {found.state} and cannot be attempted again now: it is being attempted, "
                "is due, was repeated already, or its listener was deleted",
            )
        return {"count": count, "more": False, "dry_run": False}


@blueprint.route("/deliveries/retry")
class RetryByFilter(MethodView):
    @blueprint.arguments(schemas.RetrySchema)
    @blueprint.response(200, schemas.RetriedSchema)
    @blueprint.who(Role.OPERATOR)
    def post(self, given: Mapping[str, Any]) -> Any:
        """Attempt all deliveries again that fit; `dry_run` only counts them"""
        bus = acting().operating
        filters = {name: given[name] for name in shown.FILTERS if name in given and name != "state"}
        if not filters and not given["all"]:
            refuse("all", "Say which deliveries, by one more filter than state; or all: true for every one.")
        if filters and given["all"]:
            refuse("all", "It stands for every delivery, and there are filters: give one of both.")
        query = shown.query_of(given)
        try:
            with taking_long():
                if given["dry_run"]:
                    count = bus.deliveries.count_retried(query, again=given["again"])
                    return {"count": count, "more": False, "dry_run": True}
                count, more = sum_within(LONGEST, bus.deliveries.retry(query, again=given["again"]))
                return {"count": count, "more": more, "dry_run": False}
        except ListenerNotFound as error:
            refuse("listener", text_of(error))
