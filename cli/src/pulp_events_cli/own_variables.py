"""The settings in this environment, for a service that gets nothing of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from pulp_events.redaction.passwords import mask_address
from pulp_events.secrets import is_secret
from pulp_events.settings.environment import variable
from pulp_events.settings.settings import Settings

_PATHS = (("events", "data_dir"), ("events", "outbox"))


def told(settings: Settings) -> Mapping[str, str]:
    """Variables that are no secrets, with their text; paths absolute, as the service begins in another folder."""
    found = {variable(*at): os.environ[variable(*at)] for at in _set(settings) if not _is_secret(settings, *at)}
    for section, key in _PATHS:
        if found.get(variable(section, key)):
            found[variable(section, key)] = str(settings.file(section, key, found[variable(section, key)]))
    return found


def secret(settings: Settings) -> Sequence[str]:
    """Names of the others."""
    return [variable(*at) for at in _set(settings) if _is_secret(settings, *at)]


def _set(settings: Settings) -> Iterator[tuple[str, str]]:
    for section, keys in (settings.variables or {}).items():
        yield from ((section, key) for key in keys)


def _is_secret(settings: Settings, section: str, key: str) -> bool:
    text = os.environ[variable(section, key)]
    return is_secret(settings.schemas[section](), key) or mask_address(text) != text
