"""Configurations of listeners fit to be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulp_events.frozen import thaw
from pulp_events.plugins.registry import FUNCTION, Plugins
from pulp_events.secrets import MASK, redact

if TYPE_CHECKING:
    from marshmallow import Schema

    from pulp_events.listeners.listener import Listener


class Redaction:
    """Masks secrets. One is used for many listeners: to make a schema takes longer than to use it."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._schemas: dict[str, Schema] = {}

    def __call__(self, listener: Listener) -> dict[str, Any]:
        """Without the listener's plugin nobody knows which values are secret, so all of them are masked."""
        type_id = listener.notifier_type_id
        notifier = self._plugins.notifiers.get(type_id)
        if notifier is None:
            known = (FUNCTION,) if type_id == FUNCTION else ()
            return {key: value if key in known else MASK for key, value in listener.notifier_config.items()}
        schema = self._schemas.get(type_id)
        if schema is None:
            schema = self._schemas[type_id] = notifier.config_schema()
        return redact(schema, thaw(listener.notifier_config))
