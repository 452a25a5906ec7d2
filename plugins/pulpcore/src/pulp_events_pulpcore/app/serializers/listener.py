"""A listener."""

from collections.abc import Mapping
from typing import Any

from pulpcore.plugin.serializers import IdentityField, ModelSerializer
from rest_framework import serializers

from pulp_events.errors import EventsError
from pulp_events.listeners.listener import OPTIONS
from pulp_events_pulpcore.app.bus import bus
from pulp_events_pulpcore.app.models import EventListener
from pulp_events_pulpcore.app.serializers.base import EventsSerializer

ADMINISTRATORS = ("listener_id", "name", "author", "lanes", "timeout", "retry_schedule")
"""Shown, and set with pulp-admin only."""
SETTABLE = ("description", "labels", "filter", "rate", "expires")
"""Attributes that `bus.listeners.create` takes, and users may set."""


class HiddenFieldSerializer(EventsSerializer):
    """A secret of the configuration."""

    name = serializers.CharField()
    is_set = serializers.BooleanField()


class EventListenerSerializer(ModelSerializer):
    """An event listener: which events are sent where."""

    pulp_href = IdentityField(view_name="event-listeners-detail")
    listener_id = serializers.CharField(read_only=True, help_text="What pulp-admin calls it: 24 hex digits.")
    name = serializers.CharField(read_only=True, allow_null=True, help_text="Name, if an administrator gave it one.")
    notifier_type_id = serializers.CharField(
        max_length=100, help_text="How events are sent, one of event-notifiers/; it cannot be changed."
    )
    notifier_config = serializers.DictField(
        help_text="By the schema of the notifier type. Secrets are taken, and never shown: see hidden_fields. PATCH: "
        "keys that are not named stay, null removes one."
    )
    hidden_fields = HiddenFieldSerializer(many=True, read_only=True, help_text="Secrets of notifier_config.")
    event_types = serializers.ListField(
        child=serializers.CharField(max_length=255), allow_empty=False, max_length=100,
        help_text="Names or patterns of event types, such as repo.sync.*.",
    )  # fmt: skip
    filter = serializers.CharField(
        required=False, allow_null=True, help_text="JMESPath over the report: only events for which it is true."
    )
    enabled = serializers.BooleanField(default=True, help_text="Whether anything is delivered.")
    description = serializers.CharField(required=False, allow_null=True, help_text="What it is for.")
    labels = serializers.DictField(child=serializers.CharField(), required=False, help_text="Key to value.")
    rate = serializers.CharField(
        required=False, allow_null=True, help_text="Maximum rate of attempts, such as 10/s, 100/m or 1000/h."
    )
    expires = serializers.FloatField(
        required=False, allow_null=True, help_text="Seconds after an event from which on it is not delivered any more."
    )
    author = serializers.CharField(read_only=True, allow_null=True, help_text="Who made it; null: an administrator.")
    disabled_reason = serializers.CharField(
        read_only=True, allow_null=True, help_text="Why it was disabled, if not by a user."
    )
    muted_until = serializers.DateTimeField(read_only=True, allow_null=True, help_text="End of its mute.")
    mute_reason = serializers.CharField(read_only=True, allow_null=True, help_text="Why it is muted.")
    mute_drops = serializers.BooleanField(read_only=True, help_text="What is emitted during its mute is dead at once.")
    muted_by = serializers.CharField(read_only=True, allow_null=True, help_text="Who muted it.")
    lanes = serializers.IntegerField(read_only=True, allow_null=True, help_text="Maximum of concurrent deliveries.")
    timeout = serializers.FloatField(read_only=True, allow_null=True, help_text="Seconds that an attempt may take.")
    retry_schedule = serializers.ListField(
        child=serializers.FloatField(), read_only=True, allow_null=True, help_text="Seconds between attempts."
    )

    class Meta:
        model = EventListener
        fields = (
            *ModelSerializer.Meta.fields,
            "listener_id", "name", "notifier_type_id", "notifier_config", "hidden_fields", "event_types", "filter",
            "enabled", "description", "labels", "rate", "expires", "author", "disabled_reason", "muted_until",
            "mute_reason", "mute_drops", "muted_by", "lanes", "timeout", "retry_schedule",
        )  # fmt: skip

    def validate_event_types(self, value: list[str]) -> list[str]:
        """Each is, or matches, an event type that there is."""
        for each in value:
            _checked(bus().event_types.check_pattern, each)
        return value

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Attributes as core has them; what only administrators set must be as it is."""
        data = super().validate(data)
        faults: dict[str, list[str]] = {}
        for name in SETTABLE:
            if data.get(name) is not None:
                try:
                    OPTIONS[name].kind.given(name, data[name])
                except EventsError as error:
                    faults[name] = [str(error)]
        for name in ADMINISTRATORS:
            if name in self.initial_data and self.initial_data[name] != getattr(self.instance, name, None):
                faults[name] = ["Only an administrator of the machine sets this, with pulp-admin; leave it out."]
        if self.instance is not None and data.get("notifier_type_id", self.instance.notifier_type_id) != (
            self.instance.notifier_type_id
        ):
            faults["notifier_type_id"] = ["It cannot be changed; make another listener."]
        if faults:
            raise serializers.ValidationError(faults)
        return data


def options_of(data: Mapping[str, Any], whole: bool) -> dict[str, Any]:
    """What `bus.listeners` takes by name; `whole`: what is not given has its default."""
    names = SETTABLE if whole else [name for name in SETTABLE if name in data]
    return {name: data.get(name) for name in names}


def _checked(check: Any, value: Any) -> None:
    try:
        check(value)
    except EventsError as error:
        raise serializers.ValidationError(str(error)) from None
