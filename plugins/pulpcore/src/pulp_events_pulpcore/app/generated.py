"""Secrets that a notifier would generate: users of REST, who see no secret, could never learn them."""

from collections.abc import Mapping
from typing import Any

from rest_framework.serializers import ValidationError

from pulp_events_pulpcore.app.bus import bus


def refuse_generated(type_id: str, config: Mapping[str, Any]) -> None:
    """Raise ValidationError for values that a field's metadata names as `generates`."""
    notifier = bus().plugins.notifiers.get(type_id)
    if notifier is None:
        return
    fields = notifier.config_schema().fields
    faults = {
        key: ["Give a secret of your own: one that is generated could not be shown to you."]
        for key, value in config.items()
        if key in fields and isinstance(value, str) and value in fields[key].metadata.get("generates", ())
    }
    if faults:
        raise ValidationError({"notifier_config": faults})
