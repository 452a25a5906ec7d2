"""`Writing`: how changes of listeners are stored, noted in their history, and told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pulp_events.errors import InvalidConfig
from pulp_events.listeners.actor import Actor
from pulp_events.listeners.listener import Listener
from pulp_events.listeners.making import Change
from pulp_events.listeners.redacted import Redaction
from pulp_events.listeners.store import JoinsTransactions, ListenerHistory
from pulp_events.plugins.registry import Plugins
from pulp_events.system.clock import Clock, from_timestamp
from pulp_events.system.ids import is_listener_id
from pulp_events.system.who import is_reserved

if TYPE_CHECKING:
    from pulp_events.listeners.edit import Edit
    from pulp_events.listeners.recording import Pair
    from pulp_events.listeners.store import ListenerStore

T = TypeVar("T")


@dataclass(frozen=True)
class Writing:
    """Writes to the store in somebody's name, by itself or in an application's transaction."""

    store: ListenerStore
    history: ListenerHistory | None
    plugins: Plugins
    clock: Clock
    on_change: Callable[[Sequence[Pair], str], None]
    """Told of the changes that are stored, and by whom."""
    by: Callable[[], str]
    """Who makes them, for the history."""
    actor: Actor
    """What he may do."""
    check: Callable[[], None]
    """Called before any change; what it raises leaves all as it is."""
    connection: Any = None
    """In whose transaction they are made; None: in one of their own."""
    refuse: Callable[[Listener], None] | None = None
    """Called with each record that is changed or deleted, as it is stored; what it raises leaves all as they are."""

    def edit(self, make: Callable[[Edit], T], *, only: str | None = None) -> T:
        """Make changes, add them to the history, and tell who observes them. `only`: id of the one listener that they
        concern, where neither a name is given nor one looked for."""
        self.check()
        pairs: Sequence[Pair] = ()
        by = self.by()

        def noted(edit: Edit) -> T:
            nonlocal pairs
            edit.sees = self.actor.sees if self.actor.untrusted else None
            made = make(edit)
            if only is None:
                edit.refuse_taken_names()
                self.actor.refuse_too_many(edit)
            pairs = edit.changes()
            if self.refuse is not None:
                for before, _ in pairs:
                    if before is not None:
                        self.refuse(before)
            if pairs and self.history is not None:
                from pulp_events.listeners.recording import record

                edit.history = record(pairs, by, from_timestamp(self.clock.time()), Redaction(self.plugins))
            return made

        made = self._stored(noted, only)
        self.on_change(pairs, by)
        return made

    def follow(self, effect: Callable[..., None], listener: Listener) -> None:
        """What follows from a change, in the same transaction where it is an application's."""
        if self.connection is None:
            effect(listener)
        else:
            effect(listener, self.connection)

    def _stored(self, make: Callable[[Edit], T], only: str | None) -> T:
        if self.connection is not None:
            assert isinstance(self.store, JoinsTransactions)
            return self.store.edit_within(self.connection, make, only)
        if only is None or self.history is None:
            return self.store.edit(make)
        return self.history.edit_one(only, make)

    def change(self, listener_id: str, change: Change, *, names: bool = False) -> tuple[Listener, bool]:
        """The listener as it is now, and whether it became another. `names`: the change may give it a name."""
        changed = False

        def noted(before: Listener) -> Listener:
            nonlocal changed
            after = change(before)
            changed = after is not before
            return after

        only = listener_id if is_listener_id(listener_id) and not names else None
        return self.edit(lambda edit: edit.change(listener_id, noted), only=only), changed


def said_by(who: str) -> Callable[[], str]:
    """What gives this name; InvalidConfig unless it is a line of text that is not the dispatcher's name."""
    if not isinstance(who, str) or not who.strip() or len(who) > 200 or not who.isprintable():
        raise InvalidConfig(f"by is {who!r:.60}; give who makes the changes, a line of at most 200 characters")
    if is_reserved(who):
        raise InvalidConfig(f"by is {who!r}, which is who disables listeners that fail; give another name")
    return lambda: who
