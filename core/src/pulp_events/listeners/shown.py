"""A configuration as people see it who may know no secret of it: an API, a console. And what they give back.

`notifier_config` is shown without its secrets, and beside it the names of those, each with whether it is set. What
comes back is stored as it was where it is what was shown; a mask is never taken for a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pulp_events.errors import InvalidConfig
from pulp_events.frozen import thaw
from pulp_events.listeners import masks
from pulp_events.listeners.redacted import Redaction
from pulp_events.secrets import MASK, is_secret, secret_fields

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener
    from pulp_events.plugins.registry import Plugins

MASKED = f"It contains {MASK}, which stands for a secret that is not shown; give the secret itself."
GENERATED = "Give a secret of your own: one that is generated could not be shown to you."


@dataclass(frozen=True)
class SecretShown:
    """All that is said of a secret of a configuration."""

    name: str
    """Its key."""
    is_set: bool


@dataclass(frozen=True)
class ConfigShown:
    """A configuration fit to be shown."""

    config: Mapping[str, Any]
    """JSON values, without keys whose whole value is a secret; a secret inside of a value is masked."""
    secrets: tuple[SecretShown, ...]
    """Sorted by name."""


def config_shown(plugins: Plugins, listener: Listener, redaction: Redaction | None = None) -> ConfigShown:
    """The configuration without its secrets. `redaction`: one that is used for many listeners."""
    redacted = (redaction or Redaction(plugins))(listener)
    secret = secret_keys(plugins, listener)
    return ConfigShown(
        {key: value for key, value in redacted.items() if key not in secret},
        tuple(SecretShown(key, key in redacted) for key in sorted(secret)),
    )


def secret_keys(plugins: Plugins, listener: Listener) -> frozenset[str]:
    """Keys whose values are secrets; all, where the plugin that would know is not installed."""
    notifier = plugins.notifiers.get(listener.notifier_type_id)
    if notifier is None:
        return frozenset(key for key, value in Redaction(plugins)(listener).items() if value == MASK)
    schema = notifier.config_schema()
    return frozenset(secret_fields(schema) | {key for key in listener.notifier_config if is_secret(schema, key)})


def as_stored(
    plugins: Plugins, listener: Listener, before: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """What is given, and what is stored in the places where that is as it is shown: a URL without its password, say,
    which comes back with the rest of an answer, or the password of an account whose user changes.

    `before`: the configuration as it is stored now. Raises InvalidConfig for a mask with nothing to keep, or in a
    secret, which was not shown at all.
    """
    stored = replace(listener, notifier_config=before)
    config, lost = masks.kept(given, thaw(before), config_shown(plugins, stored).config)
    _refuse({path[0]: [MASKED] for path in lost})
    return config


def refuse_masks(given: Mapping[str, Any]) -> None:
    """Raise InvalidConfig where a value has the mask of a secret in it: which secret that stands for is not known."""
    _refuse({path[0]: [MASKED] for path in masks.kept(given, {}, {})[1]})


def refuse_generated(plugins: Plugins, type_id: str, given: Mapping[str, Any]) -> None:
    """Raise InvalidConfig for values that have a secret generated (metadata `generates` of a field): whoever sees no
    secret could never learn it."""
    notifier = plugins.notifiers.get(type_id)
    if notifier is None:
        return
    known = {each.data_key or name: each for name, each in notifier.config_schema().fields.items()}
    _refuse(
        {
            key: [GENERATED]
            for key, value in given.items()
            if key in known and isinstance(value, str) and value in known[key].metadata.get("generates", ())
        }
    )


def _refuse(faults: dict[str, list[str]]) -> None:
    if faults:
        lines = "; ".join(f"{key}: {' '.join(texts)}" for key, texts in faults.items())
        raise InvalidConfig(f"invalid configuration: {lines}", faults)
