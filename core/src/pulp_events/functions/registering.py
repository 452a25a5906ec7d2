"""Registers functions with a bus: the function in its plugins, the record in its store."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pulp_events.errors import EventsError, InvalidConfig
from pulp_events.functions.naming import described
from pulp_events.functions.notifier import Functions
from pulp_events.functions.registration import Registration, import_marked, put_mark
from pulp_events.listeners.keeping import Kept
from pulp_events.listeners.listener import Options
from pulp_events.listeners.listeners import Listeners
from pulp_events.plugins.registry import FUNCTION, Plugins


def register(plugins: Plugins, listeners: Listeners, wanted: Sequence[Registration]) -> None:
    """Have the functions called for their events, in this process: all of them, or none.

    Raises what `EventBus.on` raises.
    """
    functions = Functions.of(plugins)
    known = dict(functions.registered)
    for made in wanted:
        functions.refuse_taken(made, known.get(made.name))
        known[made.name] = made
    listeners.keep_all([_kept(made) for made in wanted])
    for made in wanted:
        functions.add(made)
        put_mark(made)


def _kept(made: Registration) -> Kept:
    wish = made.wish
    options = Options(
        filter=wish.filter,
        retry_schedule=wish.retry_schedule,
        lanes=wish.lanes,
        timeout=wish.timeout,
        rate=wish.rate,
        expires=wish.expires,
        scope=wish.scope,
    )
    return Kept(
        listener_id_of(made.name),
        Functions.type_id,
        {FUNCTION: made.name},
        wish.event_types,
        options,
        described(made.function),
    )


def listener_id_of(name: str) -> str:
    """The id of the listener of the function with this name: the same wherever it is made, so that it is made once."""
    return hashlib.sha256(f"{Functions.type_id} {name}".encode()).hexdigest()[:24]


def check_imported(made: Registration, imports: Sequence[str]) -> None:
    """InvalidConfig if the process that `deliver="process"` starts will not have the function."""
    module = getattr(made.function, "__module__", None)
    if module not in imports:
        raise InvalidConfig(
            f"{described(made.function)} would be called by nobody: deliver='process' delivers in a process that has "
            f"not imported it; open the bus with imports=[{module!r}], or with deliver='background'"
        )


def import_all(imports: Sequence[str]) -> list[Registration]:
    """Import modules; what their functions are marked with. Raises EventsError."""
    if isinstance(imports, str):
        raise EventsError(f"imports is the text {imports!r:.80}; give a list of modules, such as [{imports!r:.80}]")
    return [made for name in imports for made in import_marked(name)]
