"""The files that listeners and deliveries are in, for commands that work on them themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pulp_events_cli.errors import CommandFailed
from pulp_events_cli.output.streams import warning

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.store import Outbox
    from pulp_events_cli.session import Session


@dataclass(frozen=True)
class OwnFiles:
    """Where they are."""

    outbox: Path
    listeners: Path
    is_applications: bool
    """The outbox is in a database of the application."""


def backup_advice(outbox: Outbox) -> str:
    """How an administrator backs up what this one keeps, and restores it."""
    from pulp_events.outbox.store import BackedUpElsewhere

    if isinstance(outbox, BackedUpElsewhere):
        return outbox.backup_advice()
    return "use the tools of its database instead"


def find(session: Session, instead: Callable[[Outbox], str] = backup_advice) -> OwnFiles:
    """The files; raises CommandFailed where a plugin keeps the records elsewhere, and SettingsError. `instead`: what
    to do then."""
    from pulp_events.bus.stores import outbox_of_plugin, outbox_path
    from pulp_events.listeners.tinydb_store import FILE_NAME
    from pulp_events.system import data_dir, replacement

    settings = session.settings()
    outbox = outbox_of_plugin(settings, session.plugins)
    if outbox is not None:
        try:
            raise CommandFailed(f"deliveries are stored by {_home(outbox)}, not in files; {instead(outbox)}")
        finally:
            outbox.close()
    data_dir.check(settings.data_dir)
    replacement.finish(settings.data_dir)
    path = outbox_path(settings, settings.data_dir)
    return OwnFiles(path, settings.data_dir / FILE_NAME, bool(settings.section("events")["outbox"]))


def set_aside(bus: EventBus) -> list[Path]:
    """Damaged outboxes that were set aside, and that nothing was recovered from."""
    if bus.settings.section("events")["outbox"] or bus.settings.section("storage")["url"]:
        return []  # an application's database is never set aside, and one of a server neither
    from pulp_events.outbox.sqlite import aside
    from pulp_events.outbox.sqlite.sqlite_outbox import FILE_NAME

    return aside.unrecovered(bus.settings.data_dir / FILE_NAME)


def warn_of_set_aside(bus: EventBus) -> None:
    """For commands that tell of deliveries: those in an outbox that was set aside are missing in what they say."""
    from pulp_events.outbox.sqlite import aside

    for path in set_aside(bus):
        warning(aside.text(path))


def refuse_foreign_listeners(session: Session, files: OwnFiles) -> None:
    """For what concerns listeners and outbox together: raises CommandFailed where a plugin keeps the listeners, which
    would then be missing in a backup, without a word."""
    from pulp_events.bus.stores import listener_store_of_plugin

    settings = session.settings()
    store = listener_store_of_plugin(settings, session.plugins)
    if store is not None:
        store.close()
        raise CommandFailed(
            f"listeners are stored by {_home(store)}, not in files: back them up with its tools, and {files.outbox} "
            "with them, while applications and workers are stopped"
        )


def _home(store: object) -> str:
    return type(store).__module__.partition(".")[0]


def refuse_applications(files: OwnFiles) -> None:
    """For what concerns the outbox's file as a whole: raises CommandFailed where that is not ours alone."""
    if files.is_applications:
        raise CommandFailed(
            f"the outbox is in the application's database {files.outbox}: back up and restore that as a whole, and "
            f"{files.listeners} with it"
        )
