"""Listeners and outbox: can they be read, by which release were they written, and what do the records say?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pulp_events.errors import EventsError
from pulp_events.settings.settings import Settings
from pulp_events.stores import open_listener_store, open_outbox
from pulp_events_cli.output.findings import NOTE, OK, PROBLEM, Finding
from pulp_events_cli.output.text import count, first_line, local_time
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.records import Health, Stats

LATE = 3600.0
"""Seconds after which an event that still waits is worth a look at the workers."""


def check(session: Session, settings: Settings) -> Iterator[Finding]:
    """Findings on both stores, and on each listener."""
    listeners: list[Listener] = []
    broken: list[str] = []
    try:
        store = open_listener_store(settings, session.plugins, settings.data_dir)
        try:
            broken = list(store.broken().values())
            listeners = list(store.all())
        finally:
            store.close()
    except EventsError as error:
        yield Finding(PROBLEM, "listeners", str(error))
    else:
        yield Finding(OK, "listeners", count(len(listeners), "listener", "listeners"))
    for text in broken:
        yield Finding(PROBLEM, "listeners", text)
    health: dict[str, Health] = {}
    yield from _outbox(session, settings, listeners, health)
    for listener in listeners:
        yield from _listener(session, listener, health.get(listener.id))


def _outbox(
    session: Session, settings: Settings, listeners: list[Listener], health: dict[str, Health]
) -> Iterator[Finding]:
    from pulp_events.clock import SystemClock
    from pulp_events.outbox.records import DeliveryQuery
    from pulp_events.outbox.sqlite import schema
    from pulp_events.outbox.sqlite.sqlite_outbox import FILE_NAME
    from pulp_events.settings.sections import data_path

    named = settings.section("events")["outbox"]
    path = data_path(named) if named else settings.data_dir / FILE_NAME
    in_files = not settings.section("storage")["url"]
    if in_files and not path.exists():
        # Opening makes the file; a check that finds nothing must leave nothing.
        yield Finding(NOTE, "outbox", f"{path} will be made with the first event")
        return
    if in_files and (older := _older_schema(path)):
        yield Finding(NOTE, "outbox", older)
        return  # opening it would bring it up to date, which is not for a check to do
    clock = SystemClock()
    try:
        outbox = open_outbox(settings, session.plugins, settings.data_dir, clock)
        try:
            stats = outbox.stats()
            health.update(outbox.health())
            newest = next(iter(outbox.find(DeliveryQuery(), 1)), None)
        finally:
            outbox.close()
    except EventsError as error:
        yield Finding(PROBLEM, "outbox", str(error))
        return
    counts = f"{stats.pending} pending, {stats.delivered} delivered, {stats.dead} dead deliveries"
    yield Finding(OK, "outbox", f"{counts}; schema {schema.VERSION}" if in_files else counts)
    yield from _waiting(stats, listeners, clock.time())
    if newest is not None and (ahead := newest.event_time.timestamp() - clock.time()) > 60:
        yield Finding(
            PROBLEM, "clock", f"the newest event is {ahead:.0f} s in the future: this clock was set back, or is wrong"
        )


def _older_schema(path: Path) -> str:
    from pulp_events.outbox.sqlite import schema

    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)
        try:
            found = schema.version(connection)
        finally:
            connection.close()
    except (sqlite3.Error, ValueError, TypeError):
        return ""  # opening it as an outbox says what is wrong
    if 0 < found < schema.VERSION:
        return f"{path} has schema {found}; the next command or worker brings it up to {schema.VERSION}"
    return ""


def _waiting(stats: Stats, listeners: list[Listener], now: float) -> Iterator[Finding]:
    oldest = stats.oldest_pending
    if oldest is None or now - oldest.timestamp() < LATE:
        return
    held = any(not listener.enabled or listener.muted_for(now) for listener in listeners)
    remedy = "see `pulp-admin event delivery list --state=pending`" if held else "is a worker running?"
    yield Finding(NOTE, "outbox", f"an event of {local_time(oldest)} is still to be delivered; {remedy}")


def _listener(session: Session, listener: Listener, health: Health | None) -> Iterator[Finding]:
    from pulp_events.listeners.config import validate

    notifier = session.plugins.notifiers.get(listener.notifier_type_id)
    if notifier is None:
        text = f"listener {listener.id} waits: notifier type {listener.notifier_type_id} is not installed"
        yield Finding(NOTE, "listeners", text)
        return
    try:
        validate(notifier, listener.notifier_config)
    except EventsError as error:
        update = f"`pulp-admin event listener {listener.notifier_type_id} update --listener-id={listener.id}` mends it"
        yield Finding(PROBLEM, "listeners", f"listener {listener.id}: {error}; {update}")
    for text in listener.event_types:
        try:
            session.plugins.event_types.check_pattern(text)
        except EventsError as error:
            yield Finding(NOTE, "listeners", f"listener {listener.id} cannot get all that it asks for: {error}")
    if listener.disabled_reason and not listener.enabled:
        yield Finding(NOTE, "listeners", f"listener {listener.id} is disabled: {listener.disabled_reason}")
    elif health is not None and health.failures:
        since = f" since {local_time(health.failing_since)}" if health.failing_since else ""
        text = f"{count(health.failures, 'failure', 'failures')}{since}, the last: {first_line(health.detail)}"
        yield Finding(NOTE, "listeners", f"listener {listener.id} is failing: {text}")
