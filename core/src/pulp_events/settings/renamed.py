"""Keys of settings that go with a later release: they are taken, and told of."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from marshmallow import Schema

from pulp_events.system.logs import get_logger

_logger = get_logger(__name__)


def carry_over(
    schema: Schema, given: Collection[str], values: list[dict[str, Any]], where: Callable[[str], str]
) -> None:
    """Log each key that is given and `deprecated` in the schema; the one that it was `renamed_to` gets its value.

    A key that is given by its new name, too, keeps that value. `values`: mappings by key, which are changed; `where`:
    what a message calls a key.
    """
    for name, field in schema.fields.items():
        if (told := field.metadata.get("deprecated")) is None:
            continue
        key, new = field.data_key or name, field.metadata.get("renamed_to")
        if key in given:
            _logger.warning("%s: %s", where(key), told)
        for each in values:
            if name in each:
                value = each.pop(name)
                if new is not None and key in given and new not in given:
                    each[new] = value
