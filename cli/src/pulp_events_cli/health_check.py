"""What `pulp-admin event config check` looks at: each step yields findings, and none keeps the next from running."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

from pulp_events.errors import EventsError
from pulp_events.notifier import Notifier
from pulp_events.secrets import Scrubber, secret_fields
from pulp_events.settings import server_conf
from pulp_events.settings.sections import CORE_SECTIONS
from pulp_events.settings.settings import Settings
from pulp_events.stores import open_listener_store, open_outbox
from pulp_events_cli.output.findings import NOTE, OK, PROBLEM, Finding
from pulp_events_cli.output.text import count
from pulp_events_cli.session import Session

PROBE_LIMIT = 30.0
"""Seconds after which a probe is given up."""


def check(session: Session, probe: bool = False) -> Iterator[Finding]:
    """Everything, in the order in which it is best mended. `probe`: also ask each notifier to connect."""
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
    if probe and settings is None:
        yield Finding(NOTE, "probe", "left out: mend the settings first")
    elif probe and settings is not None:
        for notifier in session.plugins.notifiers.values():
            yield from _probe(notifier, settings)


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


def _probe(notifier: Notifier, settings: Settings) -> Iterator[Finding]:
    what = f"probe {notifier.type_id}"
    section = settings.section(notifier.settings_section) if notifier.settings_section else {}
    secrets = secret_fields(notifier.settings_schema()) if notifier.settings_schema else ()
    scrub = Scrubber(section.get(key) for key in secrets)
    lines: list[str] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            lines.extend(str(line) for line in notifier.probe(section))
        except BaseException as error:  # noqa: BLE001  # a notifier may raise anything, the others are still asked
            failed.append(error)

    # In a thread, so that what hangs can be left behind.
    thread = threading.Thread(target=work, name=what, daemon=True)
    thread.start()
    thread.join(PROBE_LIMIT)
    if thread.is_alive():
        yield Finding(
            PROBLEM, what, f"no answer within {PROBE_LIMIT:g} s; see what [{notifier.settings_section}] names"
        )
        return
    yield from (Finding(OK, what, scrub(line)) for line in lines)
    for error in failed:
        own = isinstance(error, EventsError)
        text = str(error) if own else f"{type(error).__name__}: {error}; a mistake in the plugin"
        yield Finding(PROBLEM, what, scrub(text))
    if not lines and not failed:
        none = type(notifier).probe is Notifier.probe
        yield Finding(OK, what, "it has no probe; `listener test` tries a listener" if none else "nothing to probe")
