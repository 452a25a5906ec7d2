"""An event type."""

from rest_framework import serializers

from pulp_events_pulpcore.app.serializers.base import EventsSerializer


class EventTypeSerializer(EventsSerializer):
    """What listeners can listen to."""

    name = serializers.CharField(help_text="Name, such as repo.sync.finish.")
    description = serializers.CharField(help_text="What it announces.")
    version = serializers.CharField(help_text="Version of the payload's form; empty if there is none.")
    schema = serializers.DictField(help_text="JSON Schema (draft 2020-12) of the payload.")
    example = serializers.DictField(allow_null=True, help_text="A payload that fits the schema; null if none is known.")
