"""What became of a test event."""

from rest_framework import serializers

from pulp_events.outbox.states import Outcome
from pulp_events_pulpcore.app.serializers.base import EventsSerializer


class TrialSerializer(EventsSerializer):
    """The test event at one target."""

    target = serializers.CharField(help_text="Label of the address; empty if there is a single one.")
    event_type = serializers.CharField(help_text="Event type of the test event.")
    outcome = serializers.ChoiceField(choices=[str(each) for each in Outcome], help_text="As of an attempt.")
    detail = serializers.CharField(help_text="What the receiver answered, or what went wrong.")
    duration = serializers.FloatField(help_text="Seconds.")


class TrialResultsSerializer(EventsSerializer):
    """One result for each target of the listener."""

    results = TrialSerializer(many=True)
