"""`event-deliveries/`, and below a listener `deliveries/ID/`."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from pulp_events.errors import EventsError
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.states import State
from pulp_events_pulpcore.app.bus import bus
from pulp_events_pulpcore.app.models import EventListener
from pulp_events_pulpcore.app.rest import EventsViewMixin
from pulp_events_pulpcore.app.serializers.delivery import (
    DeliveryDetailSerializer,
    DeliverySerializer,
    EventDeliveryFilterSerializer,
)
from pulp_events_pulpcore.app.viewsets import policies
from pulp_events_pulpcore.app.viewsets.listeners import EventListenerViewSet
from pulp_events_pulpcore.app.viewsets.paging import DeliveryPages, query_of
from pulp_events_pulpcore.app.viewsets.rows import hrefs_of, refuse_administrators

_PLACE = [
    OpenApiParameter("event_listener_pk", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The listener."),
    OpenApiParameter("delivery_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The delivery."),
]


def visible(request: Any) -> QuerySet[EventListener]:
    """What `event-listeners/` lists for this request: by its policy, of its domain."""
    view = EventListenerViewSet()
    view.request = request
    return view.get_queryset()


class EventDeliveryViewSet(EventsViewMixin, GenericViewSet):
    """Deliveries to all listeners that the user may see."""

    DEFAULT_ACCESS_POLICY = policies.DELIVERIES
    serializer_class = DeliverySerializer
    pagination_class = DeliveryPages
    filter_backends: list[Any] = []

    @extend_schema(
        summary="List deliveries", parameters=[EventDeliveryFilterSerializer], responses=DeliverySerializer(many=True)
    )
    def list(self, request: Any, **kwargs: Any) -> Response:
        """Deliveries to the listeners that you may see, the newest first."""
        asked = EventDeliveryFilterSerializer(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        rows = list(visible(request).only("pk", "listener_id", "pulp_domain"))
        if wanted := asked.validated_data.get("listener"):
            last = wanted.rstrip("/").rpartition("/")[2].rpartition(":")[2]
            rows = [row for row in rows if last in (row.listener_id, str(row.pk))]
        query, before = query_of(rows, asked.validated_data)
        found = self.paginator.page_of(bus().deliveries, query, before, request)
        context = {**self.get_serializer_context(), "hrefs": hrefs_of(rows)}
        return self.paginator.get_paginated_response(DeliverySerializer(found, many=True, context=context).data)


class ListenerDeliveryViewSet(EventsViewMixin, GenericViewSet):
    """One delivery of a listener. Pulp's schema has no second parameter below an href, so it is no part of its view."""

    DEFAULT_ACCESS_POLICY = policies.DELIVERIES
    serializer_class = DeliveryDetailSerializer
    pagination_class = None
    filter_backends: list[Any] = []
    lookup_field = "delivery_id"
    lookup_value_regex = r"[0-9A-Za-z._:-]{1,255}"

    def get_object(self) -> EventListener:
        """The listener: whose permissions count."""
        if not hasattr(self, "_listener"):
            self._listener = get_object_or_404(visible(self.request), pk=self.kwargs["event_listener_pk"])
        return self._listener

    @extend_schema(summary="Inspect a delivery", parameters=_PLACE, responses=DeliveryDetailSerializer)
    def retrieve(self, request: Any, event_listener_pk: str, delivery_id: str, **kwargs: Any) -> Response:
        """With its attempts, and what is sent."""
        return self._shown(self._delivery(delivery_id))

    @extend_schema(
        summary="Deliver again", parameters=_PLACE, request=None, responses={200: DeliveryDetailSerializer},
        operation_id="event_listeners_deliveries_retry",
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def retry(self, request: Any, event_listener_pk: str, delivery_id: str, **kwargs: Any) -> Response:
        """Make it at once: a dead one is pending again, what was delivered is repeated as a delivery of its own."""
        row = self.get_object()
        refuse_administrators(row, self.author)
        delivery = self._delivery(delivery_id)
        query, _ = query_of([row], {"ids": [delivery.id], "state": State(delivery.state)})
        repeated = delivery.state == State.DELIVERED
        count = sum(bus().deliveries.by(self.author).retry(query, again=True))
        if repeated and count:
            of_event, _ = query_of([row], {"event_id": delivery.event_id})
            every = bus().deliveries.list(of_event, limit=100)
            delivery = next((each for each in every if each.repeat_of == delivery.id), delivery)
        else:
            delivery = self._delivery(delivery_id)
        return self._shown(delivery)

    def _delivery(self, delivery_id: str) -> Delivery:
        row = self.get_object()
        found = bus().deliveries.list(query_of([row], {"ids": [delivery_id]})[0], limit=1)
        if not found:
            raise NotFound
        return found[0]

    def _shown(self, delivery: Delivery) -> Response:
        context = {
            **self.get_serializer_context(),
            "hrefs": hrefs_of([self.get_object()]),
            "attempts": bus().deliveries.attempts(delivery.id),
            "report": _report(delivery),
        }
        return Response(DeliveryDetailSerializer(delivery, context=context).data)


def _report(delivery: Delivery) -> dict[str, Any] | None:
    try:
        return delivery.event.report() if delivery.report else None
    except EventsError:
        return None
