"""The event types of applications, which `pulp-admin` has only from the store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pulp_events.errors import EventsError
from pulp_events.listeners.store import RemembersTypes
from pulp_events.system.clock import iso_z
from pulp_events.visible import one_line
from pulp_events_cli.output import streams
from pulp_events_cli.output.text import span

if TYPE_CHECKING:
    from pulp_events.events.remembered import RememberedType
    from pulp_events_cli.session import Session


def learn(session: Session, quiet: bool = False) -> Mapping[str, RememberedType]:
    """Know the types that the store remembers, for commands that need nothing else of it; returns them.

    Where it cannot be read, that is a warning, unless `quiet`: the types of plugins are known all the same.
    """
    from pulp_events.bus.stores import open_listener_store

    try:
        settings = session.settings()
        store = open_listener_store(settings, session.plugins, settings.data_dir)
        try:
            found = store.remembered_types() if isinstance(store, RemembersTypes) else {}
        finally:
            store.close()
    except EventsError as error:
        if not quiet:
            streams.warning(f"event types of applications are not known here: {error}")
        return {}
    session.plugins.event_types.learn(each.event_type for each in found.values())
    return found


def for_json(found: RememberedType | None) -> dict[str, Any] | None:
    """Who told of a type, and when; None for one that core or a plugin brings."""
    if found is None:
        return None
    return {"source": found.source, "last_seen": iso_z(found.last_seen), "stale": found.is_stale(_now())}


def in_words(found: RememberedType) -> str:
    """`registered by shop, last seen 3h ago`."""
    silent = max(0.0, (_now() - found.last_seen).total_seconds())
    stale = "; stale: `pulp-admin event types forget` removes it" if found.is_stale(_now()) else ""
    return f"registered by {one_line(found.source)}, last seen {span(silent)} ago{stale}"


def _now() -> datetime:
    return datetime.now(UTC)
