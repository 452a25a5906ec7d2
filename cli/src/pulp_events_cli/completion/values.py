"""Values that are looked up while the user types: ids, event types, notifier types, plugins, files."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING

from pulp_events.errors import SettingsError
from pulp_events.settings.paths import expand
from pulp_events.visible import one_line
from pulp_events_cli.output.text import count, first_line, local_time
from pulp_events_cli.remembered_types import learn
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener

Candidate = tuple[str, str]
RECENT = 100
"""Deliveries, or events, that are offered, the newest first."""


def files(prefix: str) -> list[Candidate]:
    """Files and folders."""
    folder, slash, start = prefix.rpartition("/")
    try:
        found = sorted(expand(f"{folder}{slash}" or ".").iterdir())
    except (OSError, SettingsError):
        return []
    return [
        (f"{folder}{slash}{path.name}{'/' if path.is_dir() else ''}", "")
        for path in found
        if path.name.startswith(start) and (start or not path.name.startswith("."))
    ]


def _files(session: Session, parser: argparse.ArgumentParser, prefix: str) -> list[Candidate]:
    return files(prefix)


def _file_after_at(session: Session, parser: argparse.ArgumentParser, prefix: str) -> list[Candidate]:
    if not prefix.startswith("@"):
        return []
    return [(f"@{name}", "") for name, _ in files(prefix[1:])]


def _listeners(session: Session, parser: argparse.ArgumentParser, prefix: str) -> list[Candidate]:
    type_id = parser.get_default("notifier_type_id") or _type_in(parser.prog, session)
    found = [each for each in _all_listeners(session) if type_id in (None, each.notifier_type_id)]
    # One word for each: a name, unless an id was begun.
    begun = any(each.id.startswith(prefix) for each in found) if prefix else False
    called = [(each.id if begun or each.name is None else each.name, each) for each in found]
    if begun:
        called += [(each.name, each) for each in found if each.name is not None]
    return [(text, f"{each.notifier_type_id} {', '.join(each.event_types)}") for text, each in called]


def _all_listeners(session: Session) -> list[Listener]:
    with session.open_bus("external") as bus:
        return bus.listeners.list()


def _names(session: Session, parser: argparse.ArgumentParser, prefix: str) -> list[Candidate]:
    """For what looks for a name; elsewhere it is a new one."""
    if not parser.prog.endswith(" list"):
        return []
    return [(each.name, each.description or "") for each in _all_listeners(session) if each.name is not None]


def _labels(session: Session, parser: argparse.ArgumentParser, prefix: str) -> list[Candidate]:
    found = Counter(f"{key}={value}" for each in _all_listeners(session) for key, value in each.labels.items())
    return [(text, count(number, "listener", "listeners")) for text, number in sorted(found.items())]


def _type_in(prog: str, session: Session) -> str | None:
    words = prog.split()
    inside = len(words) > 4 and words[1:3] == ["event", "listener"] and words[3] in session.plugins.notifiers
    return words[3] if inside else None


def _event_types(session: Session, parser: argparse.ArgumentParser, prefix: str) -> list[Candidate]:
    learn(session, quiet=True)
    return [(each.name, one_line(each.description)) for each in session.plugins.event_types]


def _payload_keys(session: Session, parser: argparse.ArgumentParser, prefix: str) -> list[Candidate]:
    learn(session, quiet=True)
    keys = {key: text for each in session.plugins.event_types for key, text in each.payload.items()}
    return [(key, one_line(text)) for key, text in keys.items()]


def _notifier_types(session: Session, parser: argparse.ArgumentParser, prefix: str) -> list[Candidate]:
    return [(type_id, "") for type_id in session.plugins.notifiers]


def _plugins(session: Session, parser: argparse.ArgumentParser, prefix: str) -> list[Candidate]:
    if parser.prog.endswith(" new"):
        return []
    return [(plugin.name, plugin.reason or plugin.state) for plugin in session.plugins.all]


def _deliveries(session: Session, parser: argparse.ArgumentParser, prefix: str) -> list[Candidate]:
    from pulp_events.outbox.records import DeliveryQuery
    from pulp_events.outbox.states import State

    command = parser.prog.rpartition(" ")[2]
    query = DeliveryQuery(state=State.PENDING) if command == "discard" else DeliveryQuery()
    with session.open_bus("external") as bus:
        return [
            (each.id, f"{each.state} {each.event_type} {local_time(each.event_time)} {first_line(each.detail)}".strip())
            for each in bus.deliveries.list(query, limit=RECENT)
            if command != "purge" or each.state.finished
        ]


def _events(session: Session, parser: argparse.ArgumentParser, prefix: str) -> list[Candidate]:
    with session.open_bus("external") as bus:
        return [(each.id, f"{each.event_type} {local_time(each.time)}") for each in bus.events.list(limit=RECENT)]


def _before(session: Session, parser: argparse.ArgumentParser, prefix: str) -> list[Candidate]:
    of_events = parser.prog.endswith(" event list")
    return (_events if of_events else _deliveries)(session, parser, prefix)


BY_NAME = {
    "--listener-id": _listeners,
    "--name": _names,
    "--label": _labels,
    "--event-type": _event_types,
    "--json-schema": _event_types,
    "--without": _payload_keys,
    "--type": _notifier_types,
    "--before": _before,
    "--file": _files,
    "--output": _files,
    "--directory": _files,
    "--ca-path": _files,
    "--cert": _files,
    "--key": _files,
    "--payload": _file_after_at,
    "--call-report": _file_after_at,
    "event_type": _event_types,
    "--event-id": _events,
    "event_id": _events,
    "--event": _events,
    "listener_id": _listeners,
    "delivery_id": _deliveries,
    "ids": _deliveries,
    "name": _plugins,
}
"""Option, or name of a positional argument → what finds its values."""
