"""SQL of the event types of applications: see `pulp_events.events.remembered`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pulp_events.events.remembered import RememberedType, from_document, merged
from pulp_events.system.clock import from_timestamp
from pulp_events_postgres.connections import Connection
from pulp_events_postgres.database import Database
from pulp_events_postgres.values import storable

_ALL = "SELECT name, document::text, source, last_seen FROM @.pulp_known_type ORDER BY name"
_TURN = "LOCK TABLE @.pulp_known_type IN SHARE ROW EXCLUSIVE MODE"
"""One process at a time: what each writes depends on all that there is. Readers do not wait."""
_KEEP = """
INSERT INTO @.pulp_known_type (name, document, source, last_seen)
SELECT u.name, u.document::json, u.source, u.last_seen
FROM unnest(%s::text[], %s::text[], %s::text[], %s::float8[]) AS u(name, document, source, last_seen)
ON CONFLICT (name) DO UPDATE SET document = EXCLUDED.document, source = EXCLUDED.source, last_seen = EXCLUDED.last_seen
"""
_FORGET = "DELETE FROM @.pulp_known_type WHERE name = ANY (%s)"


def all_of(database: Database) -> dict[str, RememberedType]:
    """All that is kept, by name."""
    return _read(database.rows(_ALL, ()))


def remember(database: Database, told: Mapping[str, RememberedType]) -> None:
    """Keep these; nothing is written where nothing in them is new."""
    if merged(all_of(database), told) is None:
        return

    def keep(own: Connection) -> None:
        own.execute(database.text(_TURN), ())
        before = _read(own.execute(database.text(_ALL), ()).fetchall())
        after = merged(before, told)
        if after is None:
            return
        gone = [name for name in before if name not in after]
        own.execute(database.text(_FORGET), (gone,))
        own.execute(database.text(_KEEP), _columns([each for name, each in after.items() if before.get(name) != each]))

    database.connections.transaction(keep)


def forget(database: Database, names: Collection[str]) -> int:
    """Drop these; returns how many there were."""
    return database.execute(_FORGET, (list(names),))


def _columns(found: Sequence[RememberedType]) -> tuple[list[str], list[str], list[str], list[float]]:
    return (
        [storable(each.name) for each in found],
        [storable(json.dumps(each.document())) for each in found],
        [storable(each.source) for each in found],
        [each.last_seen.timestamp() for each in found],
    )


def _read(rows: Sequence[tuple[Any, ...]]) -> dict[str, RememberedType]:
    found = {}
    for name, document, source, last_seen in rows:
        each = from_document(name, json.loads(document), source, from_timestamp(last_seen))
        if each is not None:
            found[name] = each
    return found
