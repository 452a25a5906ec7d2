"""Listeners and outbox: can they be read, by which release were they written, and what do the records say?"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pulp_events.bus.places import place_of
from pulp_events.bus.stores import listener_store_of_plugin, open_listener_store, outbox_of_plugin, outbox_path
from pulp_events.errors import TOO_NEW, EventsError
from pulp_events.fields import format_size
from pulp_events.listeners.lookup import named
from pulp_events.listeners.store import RemembersTypes
from pulp_events.listeners.tinydb_store import TinyDBListenerStore
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.sqlite import activity, backup, damage, erasing, foreign_log, ledger, limits, schema, standing
from pulp_events.outbox.sqlite.connection import damage_marker
from pulp_events.outbox.sqlite.onlooker import Onlooker
from pulp_events.outbox.sqlite.presence_files import PresenceFiles, folder_of
from pulp_events.plugins.registry import FUNCTION, Plugins
from pulp_events.settings.settings import Settings
from pulp_events.system import data_dir
from pulp_events_cli.health import filters, mending, mutes, room, workers
from pulp_events_cli.health.naming import called
from pulp_events_cli.output.findings import NOTE, OK, PROBLEM, Finding
from pulp_events_cli.output.text import count, first_line, local_time
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener
    from pulp_events.listeners.store import ListenerStore
    from pulp_events.outbox.delivery import Delivery
    from pulp_events.outbox.erasure import Erasure
    from pulp_events.outbox.records import Due, Health, Stats
    from pulp_events.outbox.standing import Standing

SMALL = 32 * 1024 * 1024
"""Bytes of an outbox up to which all its pages are looked at; of a larger one if somebody found it damaged, or asks."""
_LATEST = 100
"""Erasures that are looked at."""
LATE = 3600.0
"""Seconds after which an event that still waits is worth a look."""


def check(session: Session, settings: Settings, thorough: bool = False) -> Iterator[Finding]:
    """Findings on both stores, and on each listener. `thorough`: look at every page of the outbox, however long it
    takes."""
    listeners: list[Listener] = []
    broken: list[str] = []
    try:
        store = open_listener_store(settings, session.plugins, settings.data_dir)
        try:
            broken = list(store.broken().values())
            listeners = list(store.all())
            if isinstance(store, RemembersTypes):
                session.plugins.event_types.learn(each.event_type for each in store.remembered_types().values())
            home = "" if is_file(store) else f"; in {place_of(store)}"
        finally:
            store.close()
    except EventsError as error:
        yield Finding(PROBLEM, "listeners", str(error))
    else:
        yield Finding(OK, "listeners", count(len(listeners), "listener", "listeners") + home)
    for text in broken:
        yield Finding(PROBLEM, "listeners", text)
    yield from _names(listeners)
    health: dict[str, Health] = {}
    recent: list[Delivery] = []
    yield from _outbox(session, settings, listeners, health, recent, thorough)
    from pulp_events.system.clock import SystemClock

    for listener in listeners:
        yield from _listener(session, listener, health.get(listener.id))
    yield from mutes.check(listeners, SystemClock().time())
    yield from filters.check(listeners, recent)


def _outbox(
    session: Session,
    settings: Settings,
    listeners: list[Listener],
    health: dict[str, Health],
    recent: list[Delivery],
    thorough: bool,
) -> Iterator[Finding]:
    """Findings on the outbox; `health` and `recent`, the newest deliveries, are filled from it."""
    from pulp_events.system.clock import SystemClock

    now = SystemClock().time()
    try:
        outbox = outbox_of_plugin(settings, session.plugins)
        if outbox is not None:
            try:
                recent += outbox.find(DeliveryQuery(), filters.RECENT)
                stats = outbox.stats()
                yield from _state(stats, recent[:1], f"; in {place_of(outbox)}", now)
                yield from room.check(settings, stats, outbox.free_space())
                yield from workers.check(session.plugins, settings, listeners, outbox.presences(), outbox, now)
                yield from _erasures(outbox.erasures(_LATEST))
                health.update(outbox.health())
            finally:
                outbox.close()
            return
        path = outbox_path(settings, settings.data_dir)
        data_dir.refuse_dangling_link(path)
        if not path.exists():
            yield Finding(NOTE, "outbox", f"{path} will be created with the first event")
            return
        # A check changes nothing: an outbox that is opened is made, brought up to date, or set aside.
        with Onlooker(path) as file:
            size = path.stat().st_size
            looked = thorough or size <= SMALL or damage_marker(path).exists()
            wrong = list(_file(file, looked, own=not settings.section("events")["outbox"]))
            yield from wrong
            if not wrong:
                health.update(ledger.health(file))
                recent += ledger.find(file, DeliveryQuery(), filters.RECENT, None)
                stats = activity.stats(file)
                unread = "" if looked else f"; --thorough looks for damage in all its {format_size(size)}"
                yield from _state(stats, recent[:1], f"; schema {schema.VERSION}{unread}", now)
                yield from room.check(settings, stats, limits.free_space(path))
                yield from _erasures(erasing.erasures(file, _LATEST))
                presences = PresenceFiles(folder_of(path), SystemClock()).all()
                yield from workers.check(session.plugins, settings, listeners, presences, _Asked(file, now), now)
    except EventsError as error:
        yield Finding(PROBLEM, "outbox", str(error))
    except OSError as error:  # such as a folder that this user may not enter
        yield Finding(PROBLEM, "outbox", str(data_dir.unusable(path, error)))


def in_folder(settings: Settings, plugins: Plugins) -> bool:
    """False if all is stored by plugins, or was meant to be, so that there is no data folder to look at."""
    for of_plugin in (listener_store_of_plugin, outbox_of_plugin):
        try:
            store = of_plugin(settings, plugins)
        except EventsError:  # such as a database that is down; whatever it is will be said
            continue
        if store is None:
            return True
        store.close()
    return False


def is_file(store: ListenerStore) -> bool:
    """Whether it is our own, which `data folder` is about."""
    return isinstance(store, TinyDBListenerStore)


class _Asked:
    """Of a file that is not opened as an outbox; see `overdue.Asked`."""

    def __init__(self, file: Onlooker, now: float) -> None:
        self._file, self._now = file, now

    def due(self, listener_ids: Sequence[str], most: int, /) -> Due:
        return limits.due(self._file, listener_ids, most, self._now)

    def standing(self, listener_ids: Sequence[str], with_first: Sequence[str] = (), /) -> Mapping[str, Standing]:
        return standing.standing(self._file, listener_ids, with_first, (), self._now)


def _file(file: Onlooker, looked: bool, own: bool) -> Iterator[Finding]:
    """Why the file cannot be used as it is: damaged, or of another release. Nothing where it can. `looked`: look at all
    its pages, which takes as long as it is large."""
    if foreign_log.is_backup(file.path):
        try:
            if looked:
                backup.read(file.path)
        except EventsError as error:
            yield Finding(PROBLEM, "outbox", str(error))
        else:
            yield Finding(NOTE, "outbox", f"{file.path} is a backup; the next command or worker starts using it")
        return
    if looked and (wrong := file.damage(damage.LONG)):
        if foreign_log.is_foreign(file.path):
            text = f"the log beside {file.path} belongs to another file; the next command or worker sets the log aside"
        elif own:
            text = (
                f"{file.path} is damaged ({wrong}); `pulp-admin event recover` sets it aside and recovers what is "
                "readable"
            )
        else:
            text = f"{file.path} is damaged ({wrong}); restore the application's database from a backup"
        yield Finding(PROBLEM, "outbox", text)
        return
    found = file.version()
    if found > schema.VERSION:
        text = f"{file.path} was written by a newer release (schema {found}, supported: {schema.VERSION}); {TOO_NEW}"
        yield Finding(PROBLEM, "outbox", text)
    elif found < schema.VERSION:
        text = f"{file.path} has schema {found}; the next command or worker upgrades it to {schema.VERSION}"
        yield Finding(NOTE, "outbox", text)


def _state(stats: Stats, newest: Sequence[Delivery], more: str, now: float) -> Iterator[Finding]:
    counts = ", ".join(f"{number} {state}" for state, number in stats.totals.items())
    yield Finding(OK, "outbox", f"{counts} deliveries{more}")
    yield from _waiting(stats, now)
    for delivery in newest:
        if (ahead := delivery.event_time.timestamp() - now) > 60:
            text = f"the newest event is {ahead:.0f} s in the future: this clock was set back, or is wrong"
            yield Finding(PROBLEM, "clock", text)


def _waiting(stats: Stats, now: float) -> Iterator[Finding]:
    oldest = stats.oldest_pending
    if oldest is None or now - oldest.timestamp() < LATE:
        return
    remedy = "see `pulp-admin event delivery list --state=pending`"
    yield Finding(NOTE, "outbox", f"an event emitted at {local_time(oldest)} is still undelivered; {remedy}")


def _erasures(latest: Sequence[Erasure]) -> Iterator[Finding]:
    """One that was interrupted: what it removed may still be in the files."""
    for each in latest:
        if each.ended is None:
            text = f"the erasure of {local_time(each.began)} is not finished: what it removed may still be in the files"
            yield Finding(PROBLEM, "outbox", f"{text}; run `pulp-admin event erase` again")
            return


def _names(listeners: list[Listener]) -> Iterator[Finding]:
    """Names that several have: no command gives one twice."""
    for name, number in Counter(each.name for each in listeners if each.name is not None).items():
        if number == 1:
            continue
        try:
            named(listeners, name)
        except EventsError as error:
            yield Finding(PROBLEM, "listeners", str(error))


def _listener(session: Session, listener: Listener, health: Health | None) -> Iterator[Finding]:
    from pulp_events.listeners.named_files import named_files
    from pulp_events.listeners.notifier_config import validate
    from pulp_events.listeners.time_limit import settings_for

    notifier = session.plugins.notifiers.get(listener.notifier_type_id)
    if notifier is None:
        if listener.notifier_type_id != FUNCTION:  # which its application has, and nobody else
            text = f"listener {called(listener)} waits: notifier type {listener.notifier_type_id} is not installed"
            yield Finding(NOTE, "listeners", text)
        return
    try:
        validate(notifier, listener.notifier_config)
    except EventsError as error:
        mend = mending.of_configuration(listener, notifier, error)
        yield Finding(PROBLEM, "listeners", f"listener {called(listener)}: {error}; {mend}")
    try:
        settings_for(notifier, {}, listener.timeout)
    except EventsError as error:
        yield Finding(PROBLEM, "listeners", f"listener {called(listener)}: {error}; {mending.of_timeout(listener)}")
    for path in named_files(notifier.config_schema(), listener.notifier_config):
        if not os.access(path, os.R_OK):
            text = f"{path} cannot be read here; deliveries fail wherever it cannot be read"
            yield Finding(NOTE, "listeners", f"listener {called(listener)}: {text}")
    for text in listener.event_types:
        try:
            session.plugins.event_types.check_pattern(text)
        except EventsError as error:
            yield Finding(NOTE, "listeners", f"listener {called(listener)} cannot get everything it asks for: {error}")
    if listener.disabled_reason and not listener.enabled:
        yield Finding(NOTE, "listeners", f"listener {called(listener)} is disabled: {listener.disabled_reason}")
    elif health is not None and health.failures:
        since = f" since {local_time(health.failing_since)}" if health.failing_since else ""
        text = f"{count(health.failures, 'failure', 'failures')}{since}, the last: {first_line(health.detail)}"
        yield Finding(NOTE, "listeners", f"listener {called(listener)} is failing: {text}")
