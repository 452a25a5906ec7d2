"""The command that mends a listener whose stored configuration is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulp_events.errors import EventsError, InvalidConfig
from pulp_events.notation.structure import offered
from pulp_events_cli.options_from_schema import SchemaOptions
from pulp_events_cli.stray_keys import stray_keys

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener
    from pulp_events.notifier import Notifier


def of_timeout(listener: Listener) -> str:
    """What mends its time limit."""
    return f"{_update(listener, '--timeout=…')} sets another"


def of_configuration(listener: Listener, notifier: Notifier, error: EventsError) -> str:
    """What mends the configuration that `validate` refused with `error`."""
    options = SchemaOptions(notifier.type_id, notifier.config_schema)
    known = offered(notifier.config_schema())
    wrong = [path.split(".")[0] for path in (error.errors if isinstance(error, InvalidConfig) else ())]
    given = [f"{options.option(key)}=…" for key in dict.fromkeys(wrong) if key in known]
    if given:
        return f"{_update(listener, *given)}, with what is valid, fixes it"
    if stray := stray_keys(notifier, listener.notifier_config):
        return f"{_update(listener)} takes {', '.join(stray)} out"
    return f"{_update(listener)}, with the options that are to change, fixes it"


def _update(listener: Listener, *options: str) -> str:
    words = ["pulp-admin event listener", listener.notifier_type_id, "update", f"--listener-id={listener.id}", *options]
    return f"`{' '.join(words)}`"
