"""A listener's own `timeout`: how it reaches a notifier, which knows of settings alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields

from pulp_events.errors import InvalidConfig
from pulp_events.fields import messages
from pulp_events.notifier import Config, Notifier

SETTING = "timeout"
"""Of a notifier's section: the one that a listener may replace."""


def has_timeout(notifier: Notifier) -> bool:
    """True if the notifier's section of server.conf has a setting `timeout`."""
    return _field(notifier) is not None


def settings_for(notifier: Notifier, settings: Config, timeout: float | None) -> Config:
    """The settings as this listener's channel is to see them.

    Raises InvalidConfig for a time that the notifier's schema refuses, which may have bounds of its own.
    """
    field = None if timeout is None else _field(notifier)
    if field is None:
        return settings
    try:
        value = field.deserialize(timeout)
    except ValidationError as error:
        why = "; ".join(text.rstrip(".") for _, text in messages(error.messages))
        raise InvalidConfig(
            f"timeout is {timeout:g} seconds, which [{notifier.settings_section}] refuses: {why}"
        ) from None
    return {**settings, (field.attribute or SETTING): value}


def _field(notifier: Notifier) -> fields.Field[Any] | None:
    if notifier.settings_section is None or notifier.settings_schema is None:
        return None
    declared: Mapping[str, fields.Field[Any]] = notifier.settings_schema().fields
    return next((field for name, field in declared.items() if (field.data_key or name) == SETTING), None)
