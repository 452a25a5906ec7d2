"""`Records`: the listeners in Pulp's database, read and changed on a connection that the caller names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import connections, transaction
from django.db.models import Max
from django.utils import timezone
from pulpcore.plugin.models import Domain

from pulp_events.errors import StoreError
from pulp_events.listeners.document import from_document, to_document
from pulp_events.listeners.edit import Edit
from pulp_events.listeners.history import HistoryQuery, change_from_document, change_to_document
from pulp_events.listeners.history import ListenerChange as Change
from pulp_events.listeners.listener import Listener
from pulp_events_pulpcore.app.models import EventListener, ListenerChange, ListenerVersion

T = TypeVar("T")

_TABLE = EventListener._meta.db_table
_RECORD = EventListener._meta.get_field("record")
_CHANGED_HERE = "pulp_events.listeners_changed"
"""A setting of PostgreSQL that lives as long as a transaction, and is set once that changed a listener."""
_SEES = f"""current_setting('transaction_isolation') = 'read committed'
    AND coalesce(current_setting('{_CHANGED_HERE}', true), '') = ''"""
"""Whether a transaction sees what is committed, and nothing else."""
_MARK = "xmin::text || ' ' || ctid::text"
"""Differs after each change of a row, whoever made it."""
_READ = f"""SELECT listener_id, {_MARK}, CASE WHEN {_MARK} = ANY (%s) THEN NULL ELSE record END FROM {_TABLE}"""  # noqa: S608
_LOCK_TIMEOUT = "30s"


class NotSeen(Exception):
    """The transaction may see something else than what is committed: another connection is to be asked."""


@dataclass(frozen=True)
class Found:
    """All records."""

    listeners: Sequence[Listener]
    broken: Mapping[str, str]


class Records:
    """What was read once is decrypted and checked once: of thousands of listeners only the changed ones are fetched."""

    def __init__(self) -> None:
        self._known: Mapping[str, Listener | str] = {}
        """Mark → record, or what is wrong with it."""
        self._tables_seen = False

    def version(self, alias: str, shared: bool) -> int:
        """0 before anything was stored. `shared`: the connection is Pulp's; raises NotSeen."""
        query = f"SELECT version, {_SEES} FROM {ListenerVersion._meta.db_table} WHERE id = 1"  # noqa: S608
        row = self._ask(alias, query, shared)
        if row is None:
            return 0
        if shared and not row[1]:
            raise NotSeen
        return int(row[0])

    def all(self, alias: str, shared: bool) -> Found:
        """All records. `shared`: as above. Raises StoreError where none can be decrypted."""
        if shared:
            self.version(alias, shared)
        return self._found(self._rows(alias))

    def history(self, alias: str, query: HistoryQuery) -> list[Change]:
        """See `ListenerHistory`."""
        found = ListenerChange.objects.using(alias).order_by("-time", "-id")
        chosen = {"listener_id": query.listener_id, "time__gte": query.since, "time__lt": query.until}
        found = found.filter(**{name: value for name, value in chosen.items() if value is not None})
        changes = found.values_list("change", flat=True)
        try:
            return [
                change_from_document(json.loads(text))
                for text in (changes if query.limit is None else changes[: query.limit])
            ]
        except InvalidToken:
            raise StoreError(_key_is_wrong("the history of listeners")) from None

    def edit(self, alias: str, make: Callable[[Edit], T], only: str | None, keep_history: float, joined: bool) -> T:
        """See `ListenerStore.edit`; in the transaction of the connection if it is in one (`joined`)."""
        with transaction.atomic(using=alias):
            version = self._take_turn(alias, joined)
            rows = self._rows(alias, only) if only is not None else []
            found = self._found(rows or self._rows(alias))
            edit = Edit(found.listeners, found.broken)
            result = make(edit)
            if edit:
                self._carry_out(alias, edit, joined)
                self._keep(alias, edit.history, keep_history)
                ListenerVersion.objects.using(alias).filter(pk=1).update(version=version + 1)
                self._execute(alias, "SELECT set_config(%s, '1', true)", [_CHANGED_HERE])
            return result

    def _take_turn(self, alias: str, joined: bool) -> int:
        """One transaction at a time changes listeners."""
        if not joined:
            self._execute(alias, "SELECT set_config('lock_timeout', %s, true)", [_LOCK_TIMEOUT])
        versions = ListenerVersion.objects.using(alias)
        row = versions.select_for_update().filter(pk=1).first()
        if row is None:
            versions.bulk_create([ListenerVersion(pk=1)], ignore_conflicts=True)
            row = versions.select_for_update().get(pk=1)
        return int(row.version)

    def _carry_out(self, alias: str, edit: Edit, joined: bool) -> None:
        rows = EventListener.objects.using(alias)
        gone = [each for each in edit.removed if each not in edit.added]
        if gone:
            rows.filter(listener_id__in=gone).delete()
        for listener_id, listener in edit.changed.items():
            rows.filter(listener_id=listener_id).update(**_columns(alias, listener), pulp_last_updated=timezone.now())
        last = (rows.aggregate(Max("position"))["position__max"] or 0) if edit.added else 0
        new = []
        for position, listener in enumerate(edit.added.values(), last + 1):
            columns = {**_columns(alias, listener), "position": position}
            if listener.id in edit.removed:  # the row stays, and with it who has which role on it
                rows.filter(listener_id=listener.id).update(**columns, pulp_last_updated=timezone.now())
            else:
                new.append(EventListener(listener_id=listener.id, **columns))
        if joined:
            for row in new:  # one by one, so that pulpcore's hooks give their creator his roles
                row.save(using=alias, force_insert=True)
        else:
            rows.bulk_create(new)

    def _keep(self, alias: str, changes: Sequence[Change], seconds: float) -> None:
        if not changes:
            return
        rows = ListenerChange.objects.using(alias)
        if seconds:
            rows.bulk_create(
                ListenerChange(
                    time=each.time, listener_id=each.listener_id, change=json.dumps(change_to_document(each))
                )
                for each in changes
            )
        rows.filter(time__lt=_before(changes[0].time, seconds)).delete()

    def _rows(self, alias: str, only: str | None = None) -> list[tuple[str, str, str | None]]:
        known = list(self._known)
        with connections[alias].cursor() as cursor:
            if only is None:
                cursor.execute(f"{_READ} ORDER BY position", [known])
            else:
                cursor.execute(f"{_READ} WHERE listener_id = %s OR listener_id IN (SELECT listener_id FROM {_TABLE} "
                               "WHERE name = %s)", [known, only, only])  # fmt: skip
            return list(cursor.fetchall())

    def _found(self, rows: Sequence[tuple[str, str, str | None]]) -> Found:
        before, known, lost = self._known, {}, 0
        listeners, broken = [], {}
        for listener_id, mark, text in rows:
            value: Listener | str
            if text is None:
                value = before[mark]
            else:
                try:
                    value = _read(text)
                except InvalidToken:
                    lost += 1
                    value = f"listener {listener_id} cannot be decrypted and is left out; {_REMEDY}"
                except ValueError as error:
                    value = (
                        f"{_TABLE}: the record with id {listener_id} is not a valid listener and is left out: {error}; "
                        "restore it from a backup, or delete it"
                    )
            if isinstance(value, str):
                broken[listener_id] = value
            else:
                known[mark] = value
                listeners.append(value)
        if lost and not listeners:
            raise StoreError(_key_is_wrong("the listeners"))
        self._known = {**before, **known} if len(rows) == 1 else known
        return Found(listeners, broken)

    def _ask(self, alias: str, query: str, shared: bool) -> tuple[Any, ...] | None:
        """The one row. Until it went well once, a transaction of Pulp's is protected from an error."""
        if shared and not self._tables_seen and connections[alias].in_atomic_block:
            with transaction.atomic(using=alias):
                row = self._execute(alias, query)
        else:
            row = self._execute(alias, query)
        self._tables_seen = True
        return row

    @staticmethod
    def _execute(alias: str, query: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        with connections[alias].cursor() as cursor:
            cursor.execute(query, parameters)
            row: tuple[Any, ...] | None = cursor.fetchone()
            return row


_REMEDY = "bring back the key that it was encrypted with, to the file that DB_ENCRYPTION_KEY names in Pulp's settings"


def _key_is_wrong(what: str) -> str:
    return (
        f"{what} cannot be decrypted with the keys in {settings.DB_ENCRYPTION_KEY}; nothing was changed: bring back "
        "the key that they were encrypted with, to that file (DB_ENCRYPTION_KEY in Pulp's settings)"
    )


def _read(text: str) -> Listener:
    """Raises ValueError, InvalidToken, and OSError where there is no key."""
    try:
        return from_document(json.loads(_RECORD.from_db_value(text, None, None)))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _columns(alias: str, listener: Listener) -> dict[str, Any]:
    return {
        "name": listener.name,
        "notifier_type_id": listener.notifier_type_id,
        "event_types": list(listener.event_types),
        "enabled": listener.enabled,
        "record": json.dumps(to_document(listener)),
        "pulp_domain_id": _domain(alias, listener.scope),
    }


def _domain(alias: str, scope: str | None) -> UUID | None:
    """The domain that a scope stands for; None: for none."""
    try:
        key = UUID(scope or "")
    except ValueError:
        return None
    return key if str(key) == scope and Domain.objects.using(alias).filter(pk=key).exists() else None


def _before(moment: datetime, seconds: float) -> datetime:
    try:
        return moment - timedelta(seconds=seconds)
    except OverflowError:
        return datetime.min.replace(tzinfo=moment.tzinfo)
