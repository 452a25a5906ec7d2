"""Deliveries, their attempts, and what is asked of them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pulp_events.outbox.states import Outcome, State
from pulp_events_pulpcore.app.serializers.base import EventsSerializer

STATES = [str(each) for each in State]


PAGING = frozenset(["limit", "offset", "fields", "exclude_fields", "format"])
"""Parameters of every list of Pulp's."""


class DeliverySerializer(EventsSerializer):
    """One event for one target of one listener."""

    id = serializers.CharField(help_text="The same at each attempt; receivers see it.")
    listener = serializers.SerializerMethodField(help_text="The listener that it is to.")
    listener_id = serializers.CharField()
    event_id = serializers.CharField()
    event_type = serializers.CharField()
    event_time = serializers.DateTimeField()
    source = serializers.CharField(help_text="Who emitted the event.")
    target = serializers.CharField(help_text="Label of the address; empty if the listener has a single one.")
    state = serializers.ChoiceField(choices=STATES)
    attempts = serializers.IntegerField(help_text="Attempts so far, with the one under way.")
    due = serializers.DateTimeField(allow_null=True, help_text="Not to be attempted before; null: at once, or no more.")
    finished = serializers.DateTimeField(allow_null=True, help_text="When it was delivered, or dead.")
    expires = serializers.DateTimeField(allow_null=True, help_text="Not to be attempted from then on.")
    detail = serializers.CharField(help_text="What the receiver said last, or why it is dead.")
    repeat_of = serializers.CharField(allow_null=True, help_text="The delivery of the same event that it repeats.")
    trace_id = serializers.CharField(
        allow_null=True, help_text="Trace that the event was emitted in (W3C Trace Context); null: in none."
    )

    def get_listener(self, delivery: Any) -> str | None:
        """Its href."""
        found: str | None = self.context["hrefs"].get(delivery.listener_id)
        return found


class AttemptSerializer(EventsSerializer):
    """One attempt."""

    number = serializers.IntegerField()
    started = serializers.DateTimeField()
    duration = serializers.FloatField(help_text="Seconds.")
    outcome = serializers.ChoiceField(choices=[str(each) for each in Outcome])
    detail = serializers.CharField()
    retry_at = serializers.DateTimeField(allow_null=True, help_text="When the next attempt is due.")


class DeliveryDetailSerializer(DeliverySerializer):
    """With its attempts and what is sent."""

    attempt_records = serializers.SerializerMethodField()
    report = serializers.SerializerMethodField(help_text="What is sent; null if the event was erased, or is damaged.")

    @extend_schema_field(AttemptSerializer(many=True))
    def get_attempt_records(self, delivery: Any) -> list[dict[str, Any]]:
        """The first attempt first."""
        found: list[dict[str, Any]] = AttemptSerializer(self.context["attempts"], many=True).data
        return found

    def get_report(self, delivery: Any) -> dict[str, Any] | None:
        """As the event has it."""
        found: dict[str, Any] | None = self.context["report"]
        return found


class DeliveryFilterSerializer(EventsSerializer):
    """Which deliveries; all that is given must fit."""

    passed_over = PAGING

    state = serializers.ChoiceField(choices=STATES, required=False)
    event_type = serializers.CharField(max_length=255, required=False, help_text="Name or pattern.")
    event_id = serializers.CharField(max_length=255, required=False)
    since = serializers.DateTimeField(required=False, help_text="Events of this moment and later.")
    until = serializers.DateTimeField(required=False, help_text="Events before this moment.")


class DeliveryListFilterSerializer(DeliveryFilterSerializer):
    """In a list."""

    before = serializers.CharField(
        max_length=255, required=False, help_text="Id of the last delivery of the page before: for very long lists."
    )


class EventDeliveryFilterSerializer(DeliveryListFilterSerializer):
    """In the list of all listeners."""

    listener = serializers.CharField(
        max_length=2000, required=False, help_text="Href, PRN or listener_id of the listener."
    )


class RetrySerializer(DeliveryFilterSerializer):
    """Which deliveries to make again."""

    state = serializers.ChoiceField(choices=STATES, default=str(State.DEAD))


class RetriedSerializer(EventsSerializer):
    """What a retry did."""

    count = serializers.IntegerField(help_text="Deliveries that are made again.")
