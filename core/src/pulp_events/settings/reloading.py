"""Which settings a worker takes up when it reads server.conf again: all, but for those whose schema says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from marshmallow import fields

from pulp_events.settings.settings import Settings

RELOADS = "reloads"
"""Metadata of a field; False: it takes effect in a process that is started, as what it sets up stays for good."""
NEEDS_START = "takes effect when the process is started"


def needs_start(field: fields.Field[Any]) -> bool:
    """Whether a process keeps what this was when it was started."""
    return field.metadata.get(RELOADS) is False


def left_as_they_were(before: Settings, now: Settings) -> Iterator[str]:
    """The settings that have changed, and take effect only in another process: `[opentelemetry] sdk`."""
    for section in now:
        old, new = before.section_as_written(section), now.section_as_written(section)
        for name, field in now.schemas[section]().fields.items():
            key = field.attribute or name
            if needs_start(field) and old.get(key) != new.get(key):
                yield now.called(section, field.data_key or name)
