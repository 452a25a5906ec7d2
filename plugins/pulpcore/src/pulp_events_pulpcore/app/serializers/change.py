"""The history of a listener: who changed what."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pulp_events.listeners.history import Action
from pulp_events_pulpcore.app.serializers.base import EventsSerializer


class DifferenceSerializer(EventsSerializer):
    """One value that became another."""

    key = serializers.CharField(help_text="Field, or notifier_config.KEY.")
    before = serializers.JSONField(allow_null=True, help_text="Null: there was none. Secrets are masked.")
    after = serializers.JSONField(allow_null=True, help_text="Null: there is none. Secrets are masked.")
    hidden = serializers.BooleanField(help_text="It changed, and what changed is a secret.")


class ListenerChangeSerializer(EventsSerializer):
    """One change of a listener."""

    time = serializers.DateTimeField()
    by = serializers.CharField(help_text="A user, a program, or `dispatcher`.")
    action = serializers.ChoiceField(choices=[str(each) for each in Action])
    differences = serializers.SerializerMethodField()

    @extend_schema_field(DifferenceSerializer(many=True))
    def get_differences(self, change: Any) -> list[dict[str, Any]]:
        """What changed; all of it, where the listener was created."""
        found: list[dict[str, Any]] = DifferenceSerializer(change.differences(), many=True).data
        return found
