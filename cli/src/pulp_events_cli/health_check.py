"""What `pulp-admin event config check` looks at: each step yields findings, and none keeps the next from running."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pulp_events.errors import EventsError
from pulp_events.settings import server_conf
from pulp_events.settings.sections import CORE_SECTIONS
from pulp_events.settings.settings import Settings
from pulp_events.stores import open_listener_store, open_outbox
from pulp_events_cli.output.text import count
from pulp_events_cli.session import Session

OK = "ok"
NOTE = "note"
PROBLEM = "problem"


@dataclass
class Finding:
    """One line of the check: `ok`, `note` (works, but look at it) or `problem` (with its remedy)."""

    state: str
    what: str
    text: str


def check(session: Session) -> Iterator[Finding]:
    """Everything, in the order in which it is best mended."""
    settings = None
    for found in _settings(session):
        if isinstance(found, Settings):
            settings = found
        else:
            yield found
    if settings is not None:
        yield from _data_folder(settings.data_dir)
        yield from _listeners(session, settings)
        yield from _outbox(session, settings)
    yield from _plugins(session)


def _settings(session: Session) -> Iterator[Finding | Settings]:
    try:
        path = server_conf.locate(session.options.config)
        text = server_conf.read(path)
    except EventsError as error:
        yield Finding(PROBLEM, "settings", str(error))
        return
    schemas = {**CORE_SECTIONS, **session.plugins.settings_sections}
    wrong = False
    for section, schema in schemas.items():
        try:
            Settings(path, {section: schema}, text)
        except EventsError as error:
            wrong = True
            yield Finding(PROBLEM, "settings", str(error))
    if not wrong:
        where = str(path) if path else f"no file at {server_conf.DEFAULT_PATH}: the defaults hold"
        yield Finding(OK, "settings", where)
        yield Settings(path, schemas, text)


def _data_folder(folder: Path) -> Iterator[Finding]:
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except FileNotFoundError:
        parent = next((each for each in folder.parents if each.exists()), folder)
        if os.access(parent, os.W_OK | os.X_OK):
            yield Finding(NOTE, "data folder", f"{folder} will be made with the first listener")
        else:
            yield Finding(
                PROBLEM,
                "data folder",
                f"{folder} is absent and {parent} cannot be written; make it, or set another data_dir in [events]",
            )
        return
    except OSError as error:
        yield Finding(PROBLEM, "data folder", f"{folder}: {error.strerror}; set another data_dir in [events]")
        return
    if not folder.is_dir():
        yield Finding(PROBLEM, "data folder", f"{folder} is no folder; set another data_dir in [events]")
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(PROBLEM, "data folder", f"{folder} cannot be written by this user; chown it to this user")
    elif mode & 0o077:
        yield Finding(
            PROBLEM, "data folder", f"{folder} has mode {mode:04o}, others can get at secrets; chmod 0700 {folder}"
        )
    else:
        yield Finding(OK, "data folder", f"{folder}, mode {mode:04o}")


def _listeners(session: Session, settings: Settings) -> Iterator[Finding]:
    try:
        store = open_listener_store(settings, session.plugins, settings.data_dir)
        try:
            listeners = store.all()
        finally:
            store.close()
    except EventsError as error:
        yield Finding(PROBLEM, "listeners", str(error))
        return
    yield Finding(OK, "listeners", count(len(listeners), "listener", "listeners"))
    for listener in listeners:
        if listener.notifier_type_id not in session.plugins.notifiers:
            yield Finding(
                NOTE,
                "listeners",
                f"listener {listener.id} waits: notifier type {listener.notifier_type_id} is not installed",
            )


def _outbox(session: Session, settings: Settings) -> Iterator[Finding]:
    from pulp_events.clock import SystemClock
    from pulp_events.outbox.sqlite.sqlite_outbox import FILE_NAME

    if not settings.data_dir.exists():
        # Opening makes the file; a check that finds nothing must leave nothing.
        yield Finding(NOTE, "outbox", f"{settings.data_dir / FILE_NAME} will be made with the first event")
        return
    try:
        outbox = open_outbox(settings, session.plugins, settings.data_dir, SystemClock())
        try:
            stats = outbox.stats()
        finally:
            outbox.close()
    except EventsError as error:
        yield Finding(PROBLEM, "outbox", str(error))
        return
    yield Finding(OK, "outbox", f"{stats.pending} pending, {stats.delivered} delivered, {stats.dead} dead deliveries")


def _plugins(session: Session) -> Iterator[Finding]:
    for plugin in session.plugins.all:
        state = {"loaded": OK, "blocked": NOTE}.get(plugin.state, PROBLEM)
        remedy = "; mend or uninstall its package, or block it with PULP_EVENTS_BLOCK" if state == PROBLEM else ""
        yield Finding(state, f"plugin {plugin.name}", (plugin.reason or plugin.state) + remedy)
    if not session.plugins.notifiers:
        yield Finding(NOTE, "plugins", "no notifier type is there, so no listener can be created")
