"""What the dispatcher must know of a notifier type, found out once: schemas take longer to make than a delivery."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema

from pulp_events.notifier import Notifier
from pulp_events.secrets import secret_fields
from pulp_events.settings.settings import Settings


class Traits:
    """Of one notifier, with its section of server.conf."""

    def __init__(self, notifier: Notifier, settings: Settings) -> None:
        self.notifier = notifier
        self.schema = notifier.config_schema()
        section = notifier.settings_section
        self.settings: Mapping[str, Any] = settings.section(section) if section else {}
        settings_schema = notifier.settings_schema() if section and notifier.settings_schema is not None else None
        self.secret_keys = secret_fields(self.schema)
        self.file_keys = _file_fields(self.schema)
        self.settings_secrets = [self.settings.get(key) for key in _of(settings_schema, secret_fields)]
        self.settings_files = [str(self.settings[key]) for key in _of(settings_schema, _file_fields)
                               if self.settings.get(key)]  # fmt: skip
        self.has_windows = type(notifier).window is not Notifier.window
        self.is_async = type(notifier).open is Notifier.open and inspect.iscoroutinefunction(notifier.deliver)


def _of(schema: Schema | None, keys: Any) -> set[str]:
    return set() if schema is None else keys(schema)


def _file_fields(schema: Schema) -> set[str]:
    """Keys of the fields whose values are paths of files that a channel reads."""
    return {field.data_key or name for name, field in schema.fields.items() if field.metadata.get("names_file")}
