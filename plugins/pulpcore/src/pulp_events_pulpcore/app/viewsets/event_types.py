"""`event-types/`."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from pulp_events import EventType
from pulp_events.schemas.example import example_of
from pulp_events.schemas.fault import UnusableSchema
from pulp_events.schemas.json_schema import payload_schemas
from pulp_events_pulpcore.app.bus import bus
from pulp_events_pulpcore.app.rest import EventsViewMixin
from pulp_events_pulpcore.app.serializers.event_type import EventTypeSerializer
from pulp_events_pulpcore.app.viewsets import policies


class EventTypeViewSet(EventsViewMixin, GenericViewSet):
    """Event types: what listeners can listen to."""

    DEFAULT_ACCESS_POLICY = policies.FOR_ALL
    serializer_class = EventTypeSerializer
    filter_backends: list[Any] = []
    lookup_field = "name"
    lookup_value_regex = "[A-Za-z0-9_.-]{1,255}"

    @extend_schema(summary="List event types", responses=EventTypeSerializer(many=True))
    def list(self, request: Any, **kwargs: Any) -> Response:
        """All that this server may emit."""
        page = self.paginate_queryset(sorted(_all(), key=lambda each: each.name))
        return self.get_paginated_response(EventTypeSerializer([described(each) for each in page], many=True).data)

    @extend_schema(
        summary="Inspect an event type", responses=EventTypeSerializer,
        parameters=[OpenApiParameter("name", OpenApiTypes.STR, OpenApiParameter.PATH, description="The event type.")],
    )  # fmt: skip
    def retrieve(self, request: Any, name: str, **kwargs: Any) -> Response:
        """With the JSON Schema of its payload."""
        found = next((each for each in _all() if each.name == name), None)
        if found is None:
            raise NotFound
        return Response(EventTypeSerializer(described(found)).data)


def _all() -> list[EventType]:
    return list(bus().event_types)


def described(event_type: EventType) -> dict[str, Any]:
    """What is shown of an event type."""
    [(_, schema)] = payload_schemas([event_type])
    try:
        example = example_of(event_type)
    except UnusableSchema:
        example = None
    return {
        "name": event_type.name,
        "description": event_type.description,
        "version": event_type.version,
        "schema": schema,
        "example": example,
    }
