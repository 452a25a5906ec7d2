"""Where stores live, and the records that they are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from pulp_events.listeners.author import Author
from pulp_events.listeners.author_kinds import AuthorKind, Scope
from pulp_events.listeners.edit import Edit
from pulp_events.listeners.kinds import Durations, Expression, Flag, Moment, Number, PerTime, Seconds, Text
from pulp_events.listeners.listener import ATTRIBUTES, Listener
from pulp_events.listeners.naming import Labels, Name, Prose
from pulp_events.listeners.store import ListenerStore
from pulp_events.system.ids import new_listener_id

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


class Home(Protocol):
    """Where the stores of one test live."""

    def open(self) -> ListenerStore:
        """Another view of the home."""


def new_listener(**attributes: Any) -> Listener:
    """A record with an id of its own."""
    values: dict[str, Any] = {
        "id": new_listener_id(),
        "notifier_type_id": "chat",
        "notifier_config": {"url": "http://chat.example/", "list": [1, {"deep": None}], "token": {"$env": "TOKEN"}},
        "event_types": ("repo.sync.start", "repo.publish.*"),
        "targets": ("a", "b"),
        "created": NOW,
        "updated": NOW,
        **attributes,
    }
    return Listener(**values)


_EXAMPLES: dict[type, Any] = {
    Text: "410 Gone: ü",
    Expression: "payload.result == 'failed'",
    Name: "ci-hook",
    Prose: "starts the build: ü\ncalled by every sync",
    Labels: {"team": "ops", "a.b": "x=y, z"},
    Number: 1,
    Seconds: 2.5,
    Durations: (1.5, 60.0),
    Moment: NOW,
    PerTime: "10/s",
    Scope: "domain-ä",
    AuthorKind: Author("älice"),
}


def not_defaults() -> dict[str, Any]:
    """Attribute → a value beside its default, for each that a listener may have."""
    return {
        name: not each.default if isinstance(each.kind, Flag) else _EXAMPLES[type(each.kind)]
        for name, each in ATTRIBUTES.items()
    }


def next_lane(before: Listener) -> Listener:
    """With one lane more."""
    return replace(before, lanes=(before.lanes or 0) + 1)


def next_lane_of(listener_id: str) -> Callable[[Edit], Listener]:
    """An edit that gives this listener one lane more."""
    return lambda edit: edit.change(listener_id, next_lane)


def add_all(store: ListenerStore, records: Sequence[Listener]) -> None:
    """Store these in one edit."""

    def make(edit: Edit) -> None:
        for record in records:
            edit.add(record)

    store.edit(make)


def count(before: Listener) -> Listener:
    """With a count that is one more."""
    return replace(before, notifier_config={"count": before.notifier_config["count"] + 1})
