"""`OutboxContract`: what every home of deliveries must do, as tests to be subclassed.

    class TestMyOutbox(OutboxContract):
        @pytest.fixture
        def home(self, tmp_path):
            return MyHome(tmp_path)             # has open() -> Outbox, and advance(seconds)

`open` may be called several times: each outbox is another process's view of the same home. `advance` lets time pass by
the clock that the home measures leases and retries with.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from pulp_events.errors import DeliveryNotFound, StoreError
from pulp_events.outbox.delivery import DEAD, DELIVERED, PENDING, Attempt, Delivery
from pulp_events.outbox.records import DeliveryQuery, NewDelivery, NewEvent, Result
from pulp_events.outbox.store import Outbox

LISTENER, OTHER = "a" * 24, "b" * 24
LEASE = 60.0

_ids = itertools.count(1)


class Home(Protocol):
    """Where the outboxes of one test live."""

    def open(self) -> Outbox:
        """Another view of the home."""

    def advance(self, seconds: float) -> None:
        """Let time pass."""


def new_event(*listeners: str, targets: Sequence[str] = ("",), event_type: str = "repo.sync.start") -> NewEvent:
    """An event with a delivery for each target of each listener."""
    deliveries = [NewDelivery(listener, target) for listener in listeners or (LISTENER,) for target in targets]
    number = next(_ids)
    report = f'{{"n": {number}, "text": "Grüße \\u0000"}}'.encode()
    return NewEvent(f"event-{number:08d}", event_type, 1_700_000_000.0 + number, "here", report, deliveries)


def result(delivery: Delivery, transition: str, retry_in: float | None = None, detail: str = "said so") -> Result:
    """An attempt of a claimed delivery and what follows."""
    outcome = {"succeed": "delivered", "postpone": "transient", "give_up": "permanent"}[transition]
    attempt = Attempt(delivery.attempts, datetime(2026, 1, 2, tzinfo=UTC), 0.25, outcome, detail)
    return Result(delivery, attempt, transition, retry_in)


class OutboxContract:
    """Subclass it and give it a fixture `home`."""

    @pytest.fixture
    def outbox(self, home: Home) -> Iterator[Outbox]:
        opened = home.open()
        yield opened
        opened.close()

    def claim(
        self, outbox: Outbox, limit: int = 10, listener: str = LISTENER, token: str = "t1", ordered: bool = False
    ) -> list[Delivery]:
        """Claimed deliveries of a listener."""
        return list(outbox.claim(listener, limit, LEASE, token, ordered).deliveries)

    # ---- storing and claiming ---------------------------------------------------------------------------------------

    def test_deliveries_are_claimed_in_emit_order_with_what_was_stored(self, outbox: Outbox) -> None:
        events = [new_event() for _ in range(5)]
        outbox.add(events[:2])
        outbox.add(events[2:])
        claimed = self.claim(outbox)
        assert [delivery.event_id for delivery in claimed] == [event.id for event in events]
        first = claimed[0]
        assert (first.report, first.event_type, first.source) == (events[0].report, "repo.sync.start", "here")
        assert first.event_time.timestamp() == events[0].time
        assert (first.state, first.attempts, first.lease) == (PENDING, 1, "t1")

    def test_each_target_of_each_listener_has_a_delivery_and_an_id_of_its_own(self, outbox: Outbox) -> None:
        event = new_event(LISTENER, OTHER, targets=("x@example.com", "y@example.com"))
        outbox.add([event])
        deliveries = outbox.of_event(event.id)
        pairs = [(listener, target) for listener in (LISTENER, OTHER) for target in ("x@example.com", "y@example.com")]
        assert [(delivery.listener_id, delivery.target) for delivery in deliveries] == pairs
        assert len({delivery.id for delivery in deliveries}) == 4

    def test_a_claim_takes_only_its_listener_and_no_more_than_asked_for(self, outbox: Outbox) -> None:
        outbox.add([new_event(OTHER), new_event(LISTENER), new_event(LISTENER)])
        assert len(self.claim(outbox, limit=1)) == 1
        assert len(self.claim(outbox)) == 1
        assert self.claim(outbox) == []

    def test_what_is_stored_is_there_for_the_next_to_open_the_home(self, home: Home) -> None:
        first = home.open()
        event = new_event()
        first.add([event])
        first.close()
        second = home.open()
        assert [delivery.event_id for delivery in second.of_event(event.id)] == [event.id]
        second.close()

    def test_an_event_that_cannot_be_stored_takes_the_others_of_its_call_with_it(self, outbox: Outbox) -> None:
        event, fresh = new_event(), new_event()
        outbox.add([event])
        with pytest.raises(StoreError):
            outbox.add([fresh, event])
        assert outbox.of_event(fresh.id) == []
        assert outbox.stats().pending == 1

    def test_a_skipped_delivery_stands_as_dead_with_its_reason(self, outbox: Outbox) -> None:
        event = NewEvent("skipped", "repo.sync.start", 1.0, "", b"{}", [NewDelivery(LISTENER, "", "was disabled")])
        outbox.add([event])
        [delivery] = outbox.of_event("skipped")
        assert (delivery.state, delivery.detail) == (DEAD, "was disabled")
        assert delivery.finished is not None
        assert self.claim(outbox) == []

    def test_two_views_never_claim_the_same_delivery(self, home: Home) -> None:
        views = [home.open() for _ in range(4)]
        views[0].add([new_event() for _ in range(200)])
        claimed: list[str] = []

        def work(view: Outbox, token: str) -> None:
            while found := self.claim(view, limit=7, token=token):
                claimed.extend(delivery.id for delivery in found)

        threads = [threading.Thread(target=work, args=(view, f"t{n}")) for n, view in enumerate(views)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(claimed) == len(set(claimed)) == 200
        for view in views:
            view.close()

    def test_a_view_notices_what_another_one_stored(self, home: Home) -> None:
        watcher, writer = home.open(), home.open()
        watcher.changed()
        assert not watcher.changed()
        writer.add([new_event()])
        assert watcher.changed()
        assert not watcher.changed()
        watcher.close()
        writer.close()

    def test_ready_names_who_waits_and_for_how_long(self, home: Home, outbox: Outbox) -> None:
        assert outbox.ready() == {}
        outbox.add([new_event(LISTENER), new_event(OTHER)])
        assert outbox.ready() == {LISTENER: 0, OTHER: 0}
        [delivery] = self.claim(outbox)
        assert 0 < outbox.ready()[LISTENER] <= LEASE
        outbox.record([result(delivery, "postpone", 10)])
        assert 5 < outbox.ready()[LISTENER] <= 10
        assert 5 < (outbox.claim(LISTENER, 1, LEASE, "t").wait or 0) <= 10
        home.advance(11)
        assert outbox.ready()[LISTENER] == 0

    # ---- results ----------------------------------------------------------------------------------------------------

    def test_a_success_ends_the_delivery(self, outbox: Outbox) -> None:
        outbox.add([new_event()])
        [delivery] = self.claim(outbox)
        assert list(outbox.record([result(delivery, "succeed", detail="200 OK")])) == [True]
        [after] = outbox.find(DeliveryQuery(), 10)
        assert (after.state, after.attempts, after.detail, after.lease) == (DELIVERED, 1, "200 OK", None)
        assert after.finished is not None and after.due is None
        [attempt] = outbox.attempts(after.id)
        assert (attempt.number, attempt.outcome, attempt.duration) == (1, "delivered", 0.25)
        assert attempt.started == datetime(2026, 1, 2, tzinfo=UTC)
        assert outbox.ready() == {}

    def test_a_failure_waits_for_its_retry_and_keeps_its_id(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event()])
        [first] = self.claim(outbox)
        outbox.record([result(first, "postpone", 30)])
        [waiting] = outbox.find(DeliveryQuery(state=PENDING), 10)
        assert waiting.due is not None
        assert self.claim(outbox) == []
        home.advance(31)
        [second] = self.claim(outbox)
        assert (second.id, second.attempts) == (first.id, 2)
        outbox.record([result(second, "give_up")])
        [dead] = outbox.find(DeliveryQuery(state=DEAD), 10)
        assert [attempt.outcome for attempt in outbox.attempts(dead.id)] == ["transient", "permanent"]
        assert outbox.ready() == {}

    def test_a_lease_keeps_others_away_until_it_ends(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event()])
        assert self.claim(outbox)
        home.advance(LEASE - 1)
        assert self.claim(outbox, token="t2") == []
        home.advance(2)
        assert len(self.claim(outbox, token="t2")) == 1

    def test_an_extended_lease_ends_later(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event()])
        claimed = self.claim(outbox)
        home.advance(LEASE - 1)
        outbox.extend(claimed, LEASE)
        home.advance(LEASE - 1)
        assert self.claim(outbox, token="t2") == []

    def test_what_was_lost_with_a_process_is_recorded_and_comes_alone(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(3)])
        lost = self.claim(outbox)
        home.advance(LEASE + 1)
        for delivery in lost:
            [again] = self.claim(outbox, token="t2")
            assert (again.id, again.attempts) == (delivery.id, 2)
            assert [attempt.outcome for attempt in outbox.attempts(again.id)] == ["lost"]
            outbox.record([result(again, "succeed")])
        assert outbox.stats().delivered == 3

    def test_a_late_success_holds_and_a_late_failure_does_not(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event(), new_event()])
        late = self.claim(outbox)
        home.advance(LEASE + 1)
        first = self.claim(outbox, token="t2")
        assert list(outbox.record([result(late[0], "succeed"), result(late[1], "give_up")])) == [True, True]
        again = self.claim(outbox, token="t2")
        assert again == []
        assert list(outbox.record([result(first[0], "postpone", 5)])) == [False]
        assert {delivery.state for delivery in outbox.find(DeliveryQuery(), 9)} == {DELIVERED, DEAD}

    def test_a_failure_of_somebody_whose_lease_was_taken_over_changes_nothing(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event()])
        [late] = self.claim(outbox)
        home.advance(LEASE + 1)
        [now] = self.claim(outbox, token="t2")
        assert list(outbox.record([result(late, "give_up")])) == [False]
        assert outbox.of_event(now.event_id)[0].state == PENDING
        assert list(outbox.record([result(now, "succeed")])) == [True]

    def test_released_deliveries_are_free_again_and_the_attempt_does_not_count(self, outbox: Outbox) -> None:
        outbox.add([new_event(), new_event()])
        outbox.release(self.claim(outbox))
        again = self.claim(outbox, token="t2")
        assert [delivery.attempts for delivery in again] == [1, 1]
        assert outbox.attempts(again[0].id) == []

    def test_a_released_retry_is_due_at_once(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event()])
        outbox.record([result(self.claim(outbox)[0], "postpone", 5)])
        home.advance(6)
        outbox.release(self.claim(outbox))
        [again] = self.claim(outbox)
        assert again.attempts == 2
        assert len(outbox.attempts(again.id)) == 1

    def test_an_attempt_is_recorded_whatever_characters_its_endpoint_answered(self, outbox: Outbox) -> None:
        outbox.add([new_event()])
        [delivery] = self.claim(outbox)
        assert list(outbox.record([result(delivery, "give_up", detail="Grüße, \0 and \ufffe")])) == [True]
        assert outbox.attempts(delivery.id)[0].detail.startswith("Grüße, ")

    def test_a_transition_that_does_not_follow_an_attempt_is_refused(self, outbox: Outbox) -> None:
        outbox.add([new_event()])
        [delivery] = self.claim(outbox)
        wrong = Result(delivery, result(delivery, "succeed").attempt, "revive")
        with pytest.raises(ValueError, match="revive"):
            outbox.record([wrong])
        assert outbox.attempts(delivery.id) == []

    def test_retries_and_first_attempts_do_not_crowd_each_other_out(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(20)])
        outbox.record([result(delivery, "postpone", 1) for delivery in self.claim(outbox, limit=20)])
        outbox.add([new_event() for _ in range(20)])
        home.advance(2)
        attempts = [delivery.attempts for delivery in self.claim(outbox, limit=10)]
        assert attempts.count(1) == attempts.count(2) == 5

    # ---- order ------------------------------------------------------------------------------------------------------

    def test_ordered_a_failure_holds_back_what_comes_after_it(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(3)])
        batch = self.claim(outbox, ordered=True)
        assert len(batch) == 3
        outbox.record([result(batch[0], "postpone", 10)])
        outbox.release(batch[1:])
        assert self.claim(outbox, ordered=True) == []
        home.advance(11)
        [head] = self.claim(outbox, ordered=True)
        assert head.id == batch[0].id
        assert self.claim(outbox, token="t2", ordered=True) == []
        outbox.record([result(head, "succeed")])
        assert [delivery.id for delivery in self.claim(outbox, ordered=True)] == [one.id for one in batch[1:]]

    def test_ordered_nothing_is_claimed_while_an_older_one_is_under_way(self, outbox: Outbox) -> None:
        outbox.add([new_event(), new_event()])
        assert len(self.claim(outbox, limit=1, ordered=True)) == 1
        assert self.claim(outbox, token="t2", ordered=True) == []

    def test_ordered_a_revived_delivery_goes_before_younger_ones(self, outbox: Outbox) -> None:
        outbox.add([new_event()])
        [old] = self.claim(outbox, ordered=True)
        outbox.record([result(old, "give_up")])
        outbox.add([new_event()])
        outbox.revive(DeliveryQuery(), 10)
        assert [delivery.id for delivery in self.claim(outbox, ordered=True)][0] == old.id

    def test_ordered_views_that_claim_at_once_do_not_overtake_each_other(self, home: Home) -> None:
        views = [home.open() for _ in range(4)]
        events = [new_event() for _ in range(60)]
        views[0].add(events)
        claimed: list[str] = []

        def work(view: Outbox, token: str) -> None:
            while len(claimed) < 60:
                found = self.claim(view, limit=3, token=token, ordered=True)
                claimed.extend(delivery.event_id for delivery in found)
                view.record([result(delivery, "succeed") for delivery in found])

        threads = [threading.Thread(target=work, args=(view, f"t{n}"), daemon=True) for n, view in enumerate(views)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert claimed == [event.id for event in events]
        for view in views:
            view.close()

    # ---- administration ---------------------------------------------------------------------------------------------

    def test_burying_ends_what_is_pending_and_says_why(self, outbox: Outbox) -> None:
        outbox.add([new_event(targets=("x", "y")), new_event(OTHER)])
        assert outbox.bury(LISTENER, "target gone", ["y"]) == 1
        assert outbox.bury(LISTENER, "listener gone") == 1
        details = {delivery.target: delivery.detail for delivery in outbox.find(DeliveryQuery(state=DEAD), 9)}
        assert details == {"x": "listener gone", "y": "target gone"}
        assert outbox.ready() == {OTHER: 0}

    def test_a_revived_delivery_begins_its_schedule_anew_and_keeps_its_attempts(self, outbox: Outbox) -> None:
        outbox.add([new_event(), new_event()])
        batch = self.claim(outbox)
        outbox.record([result(batch[0], "give_up"), result(batch[1], "succeed")])
        assert outbox.revive(DeliveryQuery(), 10) == 1
        [again] = self.claim(outbox)
        assert (again.id, again.attempts, again.forgiven) == (batch[0].id, 2, 1)
        assert len(outbox.attempts(again.id)) == 1

    def test_purging_deletes_finished_deliveries_only(self, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(3)])
        batch = self.claim(outbox, limit=2)
        outbox.record([result(batch[0], "give_up"), result(batch[1], "succeed")])
        assert outbox.purge(DeliveryQuery(), 1) == 1
        assert outbox.purge(DeliveryQuery(), 10) == 1
        assert outbox.stats().pending == 1
        assert outbox.attempts(batch[0].id) == []

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

    def test_text_that_is_no_delivery_id_is_said_to_be_none(self, outbox: Outbox) -> None:
        for text in ("", "nonsense", "event-1.x", "event-1.-1"):
            with pytest.raises(DeliveryNotFound):
                outbox.attempts(text)
        assert outbox.attempts("no-such-event.0") == []

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
            (None, PENDING, DELIVERED, DEAD), (None, OTHER), (None, types[0], "none.such"), moments, moments
        ):
            query = DeliveryQuery(
                state=state, listener_id=listener, event_type=event_type, since=since, until=until
            )  # fmt: skip
            fit = [
                one
                for one, its_listener, its_type, time in reversed(stored)
                if state in (None, states[one])
                and listener in (None, its_listener)
                and event_type in (None, its_type)
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

    def test_cleaning_deletes_what_finished_long_ago_and_nothing_else(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(4)])
        batch = self.claim(outbox, limit=2)
        outbox.record([result(batch[0], "succeed"), result(batch[1], "give_up")])
        home.advance(1000)
        fresh = self.claim(outbox, limit=1)
        outbox.record([result(fresh[0], "succeed")])
        self.clean(outbox, keep_delivered=500, keep_dead=2000)
        assert outbox.stats().delivered == 1 and outbox.stats().dead == 1
        home.advance(1001)
        self.clean(outbox, keep_delivered=500, keep_dead=2000)
        stats = outbox.stats()
        assert (stats.pending, stats.delivered, stats.dead) == (1, 0, 0)

    @staticmethod
    def clean(outbox: Outbox, **keep: Any) -> None:
        """Clean until there is nothing more to do."""
        for _ in range(1000):
            if not outbox.maintain(**keep):
                return
        raise AssertionError("cleaning never ends")
