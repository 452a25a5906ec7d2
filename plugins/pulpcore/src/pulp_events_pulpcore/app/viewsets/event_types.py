"""`event-types/`."""

from collections.abc import Mapping
from typing import Any

from pulp_events import EventType
from pulp_events.schemas.example import example_of
from pulp_events.schemas.fault import UnusableSchema
from pulp_events.schemas.json_schema import payload_schemas
from pulp_events_pulpcore.app.bus import bus
from pulp_events_pulpcore.app.serializers.event_type import EventTypeSerializer
from pulp_events_pulpcore.app.viewsets.catalogue import CatalogueViewSet, in_schema


@in_schema(
    "event type", EventTypeSerializer, "name", "All that this server may emit.", "With the JSON Schema of its payload."
)
class EventTypeViewSet(CatalogueViewSet):
    """Event types: what listeners can listen to."""

    serializer_class = EventTypeSerializer
    lookup_field = "name"
    lookup_value_regex = "[A-Za-z0-9_.-]{1,255}"

    def known(self) -> Mapping[str, EventType]:
        return {each.name: each for each in bus().event_types}

    def described(self, thing: EventType) -> dict[str, Any]:
        [(_, schema)] = payload_schemas([thing])
        try:
            example = example_of(thing)
        except UnusableSchema:
            example = None
        return {
            "name": thing.name,
            "description": thing.description,
            "version": thing.version,
            "schema": schema,
            "example": example,
        }
