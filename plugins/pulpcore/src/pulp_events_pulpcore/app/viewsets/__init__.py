"""The views. pulpcore registers those of models that it finds here; the others are in `urls`."""

from pulp_events_pulpcore.app.viewsets.deliveries import EventDeliveryViewSet, ListenerDeliveryViewSet
from pulp_events_pulpcore.app.viewsets.event_types import EventTypeViewSet
from pulp_events_pulpcore.app.viewsets.listeners import EventListenerViewSet
from pulp_events_pulpcore.app.viewsets.notifiers import EventNotifierViewSet

__all__ = [
    "EventDeliveryViewSet",
    "EventListenerViewSet",
    "EventNotifierViewSet",
    "EventTypeViewSet",
    "ListenerDeliveryViewSet",
]
