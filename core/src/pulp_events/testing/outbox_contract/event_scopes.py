"""Claims about the scope that an event is stored with, and found by."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from pulp_events.errors import EventConflict, EventsError
from pulp_events.events.pattern import matches
from pulp_events.outbox.records import NewDelivery, NewEvent
from pulp_events.outbox.store import Outbox
from pulp_events.outbox.stored_event import EventQuery
from pulp_events.testing.outbox_contract.home import LISTENER, OTHER, Home, Outboxes, new_event
from pulp_events.testing.outbox_contract.stored import alone, ids


class EventScopeClaims(Outboxes):
    """Part of `OutboxContract`."""

    def test_an_event_keeps_the_scope_that_it_was_emitted_with(self, home: Home, outbox: Outbox) -> None:
        skipped = NewDelivery(LISTENER, "x", "was muted")
        expiring = NewDelivery(LISTENER, expires=home.time() + 1000)
        kinds: tuple[NewEvent, ...] = (
            new_event(), new_event(LISTENER, OTHER), new_event(targets=("x", "y")), alone(),
            replace(new_event(), deliveries=(skipped,)), replace(new_event(), deliveries=(expiring, skipped)),
        )  # fmt: skip
        scopes = (None, "domain-a", "Bereich ä 'x' %s", "{a,b}", "NULL", "x" * 200)
        stored = []
        for (number, kind), scope, once in itertools.product(enumerate(kinds), scopes, (False, True)):
            event_id = f"scope-{number}-{scopes.index(scope)}-{once}"
            stored.append(replace(kind, id=event_id, scope=scope, once=once, fingerprint="as given" if once else None))
        for each in stored[: len(stored) // 2]:
            outbox.add([each])
        outbox.add(stored[len(stored) // 2 :])
        second = home.open()
        for read in (outbox, second):
            found = {each.id: each for each in read.events(EventQuery(), 999)}
            assert {id: (each.scope, each.scope_known) for id, each in found.items()} == {
                each.id: (each.scope, True) for each in stored
            }
        one = second.event(stored[2].id)
        assert one is not None and (one.scope, one.scope_known) == (stored[2].scope, True)
        second.close()

    def test_events_are_found_by_the_scope_that_they_were_emitted_with(self, outbox: Outbox) -> None:
        scopes = ("a", None, "b", "A", None, "a")
        stored = [
            replace(new_event() if number % 2 else alone("other"), scope=scope) for number, scope in enumerate(scopes)
        ]
        outbox.add(stored)
        for scope, types, oldest_first in itertools.product(
            (*scopes, "c"), (None, ["*"], ["other"], ["repo.#", "no.such"]), (False, True)
        ):
            fit = [
                each
                for each in stored
                if each.scope == scope
                and (types is None or any(matches(pattern, each.event_type) for pattern in types))
            ]
            query = EventQuery(types, scope=scope, without_scope=scope is None)
            assert ids(outbox.events(query, 9, oldest_first=oldest_first)) == ids(fit if oldest_first else fit[::-1])
            chosen = replace(query, ids=ids(stored[:3]))
            assert ids(outbox.events(chosen, 1, oldest_first=True)) == ids(
                [each for each in fit if each in stored[:3]][:1]
            )

    def test_events_of_known_scope_are_not_among_those_of_unknown_scope(self, outbox: Outbox) -> None:
        outbox.add([replace(alone(), scope=scope) for scope in (None, "a")])
        assert list(outbox.events(EventQuery(scope_unknown=True), 9)) == []
        for other in ({"scope": "a"}, {"without_scope": True}):
            with pytest.raises(EventsError, match="scope_unknown"):
                EventQuery(scope_unknown=True, **other)

    def test_an_id_that_is_there_with_another_scope_is_refused_and_nothing_is_stored(self, outbox: Outbox) -> None:
        first, none = (replace(new_event(), once=True, fingerprint="f", scope=scope) for scope in ("a", None))
        outbox.add([first, none])
        for other in (replace(first, scope="b"), replace(first, scope=None), replace(none, scope="a")):
            with pytest.raises(EventConflict, match="another scope"):
                outbox.add([new_event(), other])
        assert outbox.add([first, none]).keys() == {first.id, none.id}
        assert ids(outbox.events(EventQuery(), 9)) == ids([none, first])
