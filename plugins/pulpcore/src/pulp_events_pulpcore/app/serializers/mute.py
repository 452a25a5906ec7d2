"""How long to mute a listener."""

from typing import Any

from rest_framework import serializers

from pulp_events_pulpcore.app.serializers.base import EventsSerializer


class MuteSerializer(EventsSerializer):
    """A mute; one of `until` and `seconds` is given."""

    until = serializers.DateTimeField(required=False, help_text="End of the mute.")
    seconds = serializers.FloatField(required=False, min_value=0, help_text="Length of the mute.")
    reason = serializers.CharField(
        required=False, allow_null=True, max_length=1000, help_text="Why, shown with the listener."
    )
    drop = serializers.BooleanField(
        default=False, help_text="Record what is emitted meanwhile as dead; by default it waits."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two ways."""
        if ("until" in attrs) == ("seconds" in attrs):
            raise serializers.ValidationError("Give one of until and seconds.")
        return attrs
