"""Claims about what administrators ask: lists, counts, health."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from pulp_events.errors import DeliveryNotFound
from pulp_events.events.pattern import matches
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery, NewEvent
from pulp_events.outbox.states import State
from pulp_events.outbox.store import Outbox
from pulp_events.outbox.stored_event import Addition, EventQuery
from pulp_events.testing.outbox_contract.home import LEASE, LISTENER, OTHER, Home, Outboxes, new_event, result


class LedgerClaims(Outboxes):
    """Claims about what administrators ask: lists, counts, health."""

    def test_lists_are_filtered_and_paged_newest_first(self, outbox: Outbox) -> None:
        events = [new_event(event_type="repo.sync.start" if n % 2 else "repo.sync.finish") for n in range(6)]
        outbox.add(events)
        outbox.add([new_event(OTHER)])
        page = outbox.find(DeliveryQuery(listener_id=LISTENER), 4)
        assert [delivery.event_id for delivery in page] == [event.id for event in events[:1:-1]]
        rest = outbox.find(DeliveryQuery(listener_id=LISTENER), 4, before=page[-1].id)
        assert [delivery.event_id for delivery in rest] == [events[1].id, events[0].id]
        assert len(outbox.find(DeliveryQuery(event_type="repo.sync.finish"), 9)) == 3
        assert len(outbox.find(DeliveryQuery(event_id=events[0].id), 9)) == 1
        assert len(outbox.find(DeliveryQuery(ids=[page[0].id, rest[0].id]), 9)) == 2
        middle = datetime.fromtimestamp(events[3].time, UTC)
        assert len(outbox.find(DeliveryQuery(listener_id=LISTENER, since=middle), 9)) == 3
        assert len(outbox.find(DeliveryQuery(listener_id=LISTENER, until=middle), 9)) == 3

    def test_a_page_of_thousands_is_asked_for_by_ids(self, outbox: Outbox) -> None:
        events = [new_event() for _ in range(1200)]
        outbox.add(events)
        ids = [f"{event.id}.0" for event in events]
        assert len(outbox.find(DeliveryQuery(ids=ids), 2000)) == 1200
        assert list(outbox.find(DeliveryQuery(ids=[]), 2000)) == []

    def test_text_that_is_no_delivery_id_is_said_to_be_none(self, outbox: Outbox) -> None:
        """Wherever it stands for a delivery. An event may have any id, and of what is not there nothing is found."""
        outbox.add([new_event()])
        for text in ("", "nonsense", "event-1.x", "event-1.-1"):
            query = DeliveryQuery(ids=[text])
            asked: list[Callable[[], object]] = [
                partial(outbox.attempts, text), partial(outbox.find, query, 9), partial(outbox.count, query),
                partial(outbox.find, DeliveryQuery(), 9, before=text),
                partial(outbox.find, DeliveryQuery(), 9, after=text),
                partial(outbox.revive, query, 9), partial(outbox.purge, query, 9),
                partial(outbox.claim, [ClaimRequest(LISTENER, 9, ids=[text])], LEASE, "t"),
            ]  # fmt: skip
            for ask in asked:
                with pytest.raises(DeliveryNotFound):
                    ask()
            assert outbox.event(text) is None and not outbox.of_event(text)
            assert not outbox.events(EventQuery(ids=[text]), 9)
        gone = DeliveryQuery(ids=["no-such-event.0"])
        assert not outbox.find(gone, 9) and outbox.count(gone) == 0 and outbox.revive(gone, 9) == 0
        assert list(outbox.attempts("no-such-event.0")) == []

    def test_every_combination_of_filters_finds_counts_and_pages_what_fits(self, outbox: Outbox) -> None:
        # Times that go back, as where a clock is set or two processes emit at once, and two of the same moment.
        times = [100.0, 103.0, 101.0, 102.0, 102.0, 99.0, 104.0, 100.5]
        types = ("repo.sync.start", "repo.sync.finish")
        stored: list[tuple[str, str, str, float]] = []
        for number, time in enumerate(times):
            event = replace(new_event(LISTENER, OTHER, event_type=types[number % 3 == 0]), time=time)
            outbox.add([event])
            stored += [(f"{event.id}.{n}", each.listener_id, event.event_type, time)
                       for n, each in enumerate(event.deliveries)]  # fmt: skip
        ended = self.claim(outbox, limit=5)
        outbox.record([result(one, ("succeed", "give_up")[number % 2]) for number, one in enumerate(ended)])
        states = {delivery.id: delivery.state for delivery in outbox.find(DeliveryQuery(), 100)}
        moments = (None, *(datetime.fromtimestamp(time, UTC) for time in (98, 100, 102, 102.5, 105)))
        for state, listener, event_type, since, until in itertools.product(
            (None, *State), (None, OTHER), (None, types[0], "none.such", "repo.*.start", "#"), moments, moments
        ):
            query = DeliveryQuery(
                state=state, listener_id=listener, event_type=event_type, since=since, until=until
            )  # fmt: skip
            fit = [
                one
                for one, its_listener, its_type, time in reversed(stored)
                if state in (None, states[one])
                and listener in (None, its_listener)
                and (event_type is None or matches(event_type, its_type))
                and (since is None or time >= since.timestamp())
                and (until is None or time < until.timestamp())
            ]
            assert outbox.count(query) == len(fit), query
            found: list[str] = []
            while page := outbox.find(query, 5, found[-1] if found else None):
                found += [delivery.id for delivery in page]
            assert found == fit, query

    def test_counts_are_kept_in_all_and_by_listener(self, outbox: Outbox) -> None:
        outbox.add([new_event(), new_event(), new_event(OTHER)])
        batch = self.claim(outbox)
        outbox.record([result(batch[0], "succeed"), result(batch[1], "give_up")])
        stats = outbox.stats()
        assert (stats.pending, stats.delivered, stats.dead) == (1, 1, 1)
        assert stats.by_listener[LISTENER] == {"pending": 0, "delivered": 1, "dead": 1}
        assert stats.oldest_pending == self.claim(outbox, listener=OTHER)[0].event_time

    def test_of_each_listener_each_state_is_counted_and_zero_where_there_is_none(self, outbox: Outbox) -> None:
        assert outbox.stats().totals == dict.fromkeys(State, 0) and not outbox.stats().by_listener
        outbox.add([new_event(), new_event(OTHER)])
        outbox.record([result(one, "succeed") for one in self.claim(outbox)])
        nothing = dict.fromkeys(State, 0)
        assert outbox.stats().by_listener == {
            LISTENER: {**nothing, State.DELIVERED: 1},
            OTHER: {**nothing, State.PENDING: 1},
        }

    def test_when_a_listener_failed_and_succeeded_is_told_by_the_stores_clock(self, home: Home, outbox: Outbox) -> None:
        """Not by the attempt's, which is of the host that made it."""
        outbox.add([new_event(), new_event()])
        failed, succeeded = self.claim(outbox)
        outbox.record([result(failed, "postpone", 5)])
        outbox.record([result(succeeded, "succeed")])
        health = outbox.health()[LISTENER]
        for moment in (health.last_failure, health.last_success):
            assert moment is not None and abs(moment.timestamp() - home.time()) < 30

    def test_what_is_given_may_be_any_sequence(self, home: Home, outbox: Outbox) -> None:
        first, second = new_event(), new_event()
        outbox.add((first, second))
        ids = (f"{first.id}.0", f"{second.id}.0")
        one, two = outbox.claim((ClaimRequest(LISTENER, 9, ids=ids),), LEASE, "t").deliveries
        outbox.extend((one, two), LEASE)
        outbox.release((two,))
        assert list(outbox.record((result(one, "succeed"),))) == [True]
        assert len(outbox.find(DeliveryQuery(ids=ids, listener_ids=(LISTENER,)), 9)) == 2
        assert outbox.due((LISTENER, OTHER), 9).count == 1 and outbox.stats((LISTENER,)).pending == 1
        assert list(outbox.add_deliveries((Addition(first.id, OTHER),))) == [f"{first.id}.1"]
        assert outbox.bury(OTHER, "gone", ("",)) == 1
        assert outbox.erase((first.id,), None).events == 1
        assert set(outbox.standing((LISTENER,), (LISTENER,), (LISTENER,))) == {LISTENER}

    def test_health_tells_since_when_a_listener_fails(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(4)])
        one, two, three, four = self.claim(outbox)
        outbox.record([result(one, "postpone", 5)])
        since = outbox.health()[LISTENER].failing_since
        home.advance(10)
        outbox.record([result(two, "give_up", detail="refused")])
        health = outbox.health()[LISTENER]
        assert (health.failures, health.detail, health.last_success) == (2, "refused", None)
        assert since is not None and health.failing_since == since
        assert health.last_failure is not None and health.last_failure - since >= timedelta(seconds=9)
        outbox.record([result(three, "succeed"), result(four, "postpone", 5)])
        health = outbox.health()[LISTENER]
        assert health.failures == 1 and health.last_success is not None
        assert health.failing_since is not None and health.failing_since > since
        outbox.forget_health(LISTENER)
        assert LISTENER not in outbox.health()

    def test_what_is_in_some_places_is_found_and_nothing_else(self, outbox: Outbox) -> None:
        events = [
            new_event(event_type="repo.sync.start" if n % 2 else "repo.sync.finish", targets=("a", "b"))
            for n in range(8)
        ]
        outbox.add(events)
        places = {each.id: each.place for each in outbox.events(EventQuery(), 9)}
        between = places[events[2].id], places[events[6].id]
        spans: list[tuple[dict[str, Any], list[NewEvent]]] = [
            ({}, events[2:6]),
            ({"since": datetime.fromtimestamp(events[4].time, UTC)}, events[4:6]),
            ({"until": datetime.fromtimestamp(events[4].time, UTC)}, events[2:4]),
        ]
        for more, fit in spans:
            ids = [each.id for each in fit][::-1]
            found = outbox.find(DeliveryQuery(places=between, **more), 99)
            assert [each.id for each in found] == [f"{each}.{n}" for each in ids for n in (1, 0)]
            assert [each.id for each in outbox.events(EventQuery(places=between, **more), 99)] == ids
        odd = [events[5].id, events[3].id]
        found = outbox.find(DeliveryQuery(places=between, event_type="repo.sync.start"), 3)
        assert [each.event_id for each in found] == [odd[0], odd[0], odd[1]]
        assert [each.id for each in outbox.events(EventQuery(["repo.sync.start"], places=between), 9)] == odd
        assert [each.id for each in outbox.events(EventQuery(["repo.*.start"], places=between), 1)] == odd[:1]
        after = outbox.find(DeliveryQuery(places=between), 1, before=f"{events[4].id}.1")
        assert [each.id for each in after] == [f"{events[4].id}.0"]
        assert not outbox.find(DeliveryQuery(places=(5, 5)), 9) and not outbox.events(EventQuery(places=(9, 5)), 9)
        assert outbox.count(DeliveryQuery(places=between)) == 8

    def test_counts_and_health_of_some_listeners_are_those_that_all_have(self, outbox: Outbox) -> None:
        third = "c" * 24
        for number in range(3):
            outbox.add([new_event(), new_event(OTHER), new_event(third, targets=("a", "b"))])
            for listener in (LISTENER, OTHER):
                batch = self.claim(outbox, limit=1, listener=listener)
                outbox.record([result(each, ("succeed", "postpone", "give_up")[number], 5) for each in batch])
        everything, health = outbox.stats(), outbox.health()
        assert {*health} == {LISTENER, OTHER} and everything.by_listener[third][State.PENDING] == 6
        nobody = "d" * 24
        for them in ([LISTENER], [third, LISTENER, third, nobody], [nobody], [], [LISTENER, OTHER, third]):
            some = outbox.stats(them)
            theirs = {each: counts for each, counts in everything.by_listener.items() if each in them}
            assert some.by_listener == theirs
            assert some.totals == {state: sum(each[state] for each in theirs.values()) for state in State}
            assert some.events == 9 and some.oldest_event == everything.oldest_event, "of events, all are counted"
            assert outbox.health(them) == {each: found for each, found in health.items() if each in them}
        pending = DeliveryQuery(state=State.PENDING, listener_id=third)
        assert outbox.stats([third]).oldest_pending == outbox.find(pending, 1, oldest_first=True)[0].event_time
        assert outbox.stats([nobody]).oldest_pending is None and outbox.stats([]).pending == 0
