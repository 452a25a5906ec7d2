"""What requests and answers look like. pulpcore registers those of models that it finds here."""

from pulp_events_pulpcore.app.serializers.change import DifferenceSerializer, ListenerChangeSerializer
from pulp_events_pulpcore.app.serializers.delivery import (
    AttemptSerializer,
    DeliveryDetailSerializer,
    DeliveryFilterSerializer,
    DeliveryListFilterSerializer,
    DeliverySerializer,
    EventDeliveryFilterSerializer,
    RetriedSerializer,
    RetrySerializer,
)
from pulp_events_pulpcore.app.serializers.event_type import EventTypeSerializer
from pulp_events_pulpcore.app.serializers.listener import EventListenerSerializer
from pulp_events_pulpcore.app.serializers.mute import MuteSerializer
from pulp_events_pulpcore.app.serializers.notifier import NotifierSerializer
from pulp_events_pulpcore.app.serializers.trial import TrialResultsSerializer, TrialSerializer

__all__ = [
    "AttemptSerializer",
    "DeliveryDetailSerializer",
    "DeliveryFilterSerializer",
    "DeliveryListFilterSerializer",
    "DeliverySerializer",
    "DifferenceSerializer",
    "EventDeliveryFilterSerializer",
    "EventListenerSerializer",
    "EventTypeSerializer",
    "ListenerChangeSerializer",
    "MuteSerializer",
    "NotifierSerializer",
    "RetriedSerializer",
    "RetrySerializer",
    "TrialResultsSerializer",
    "TrialSerializer",
]
