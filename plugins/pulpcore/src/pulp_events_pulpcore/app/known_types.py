"""The event types of applications in Pulp's database: see `pulp_events.events.remembered`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from django.db import connections, transaction

from pulp_events.events.remembered import RememberedType, from_document, merged
from pulp_events_pulpcore.app.models import KnownEventType

_TURN = f"LOCK TABLE {KnownEventType._meta.db_table} IN SHARE ROW EXCLUSIVE MODE"
"""One process at a time: what each writes depends on all that there is. Readers do not wait."""


def all_of(alias: str) -> dict[str, RememberedType]:
    """All that is kept, by name."""
    found = (_read(row) for row in KnownEventType.objects.using(alias).order_by("name"))
    return {each.name: each for each in found if each is not None}


def remember(alias: str, told: Mapping[str, RememberedType]) -> None:
    """Keep these; nothing is written where nothing in them is new."""
    if merged(all_of(alias), told) is None:
        return
    with transaction.atomic(using=alias):
        with connections[alias].cursor() as cursor:
            cursor.execute(_TURN)
        before = all_of(alias)
        after = merged(before, told)
        if after is None:
            return
        forget(alias, [name for name in before if name not in after])
        KnownEventType.objects.using(alias).bulk_create(
            [_row(each) for name, each in after.items() if before.get(name) != each],
            update_conflicts=True, unique_fields=["name"], update_fields=["document", "last_seen"],
        )  # fmt: skip


def forget(alias: str, names: Collection[str]) -> int:
    """Drop these; returns how many there were."""
    count, _ = KnownEventType.objects.using(alias).filter(name__in=list(names)).delete()
    return count


def _row(found: RememberedType) -> KnownEventType:
    text = json.dumps({"type": found.document(), "source": found.source})
    return KnownEventType(name=found.name, document=text, last_seen=found.last_seen)


def _read(row: KnownEventType) -> RememberedType | None:
    try:
        found = json.loads(row.document)
        return from_document(row.name, found["type"], found["source"], row.last_seen)
    except (ValueError, KeyError, TypeError):
        return None
