"""A notifier type."""

from rest_framework import serializers

from pulp_events_pulpcore.app.serializers.base import EventsSerializer


class NotifierSerializer(EventsSerializer):
    """How events can be sent."""

    type_id = serializers.CharField(help_text="What a listener has as notifier_type_id.")
    description = serializers.CharField(allow_blank=True, help_text="What it does.")
    schema = serializers.DictField(help_text="JSON Schema (draft 2020-12) of notifier_config.")
    allowed = serializers.BooleanField(help_text="Whether users of this API may have listeners of this type.")
    reason = serializers.CharField(allow_null=True, help_text="Why they may not; null if they may.")
