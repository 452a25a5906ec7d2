"""What the dispatcher must know of a notifier type, found out once: schemas take longer to make than a delivery."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema

from pulp_events.dispatcher.first_use import FirstUse
from pulp_events.listeners.named_files import file_fields, named_files
from pulp_events.listeners.untrusted import Limits
from pulp_events.notifier import Notifier
from pulp_events.plugins import boundary
from pulp_events.secrets import holds_secrets, secret_fields
from pulp_events.settings.settings import Settings


class Traits:
    """Of one notifier, with its section of server.conf."""

    def __init__(self, notifier: Notifier, settings: Settings) -> None:
        self.notifier = notifier
        self.schema: Schema = notifier.config_schema()
        self.first_use: FirstUse = FirstUse()
        section = notifier.settings_section
        self.settings: Mapping[str, Any] = settings.section(section) if section else {}
        settings_schema = notifier.settings_schema() if section and notifier.settings_schema is not None else None
        self.secretive_keys: frozenset[str] = frozenset(
            field.data_key or name for name, field in self.schema.fields.items() if holds_secrets(field)
        )
        """Those whose values hold secrets anywhere below."""
        self.file_keys: frozenset[str] = file_fields(self.schema)
        self.settings_secrets: list[Any | None] = (
            [] if settings_schema is None else [self.settings.get(key) for key in secret_fields(settings_schema)]
        )
        self.settings_files: tuple[str, ...] = (
            () if settings_schema is None else named_files(settings_schema, self.settings)
        )
        self.limits: Limits = Limits(settings)
        self.has_windows: bool = type(notifier).window is not Notifier.window
        self.is_mixed: bool = boundary.targets_here_of(notifier) is not None
        """What one listener's channels are like says nothing of another's, as with functions of an application."""
        self.is_async = type(notifier).open is Notifier.open and inspect.iscoroutinefunction(notifier.deliver)
