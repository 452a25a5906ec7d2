"""Claims about attempts, and what follows from each."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pulp_events.errors import IllegalTransition
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery, Result
from pulp_events.outbox.states import Outcome, State, Transition
from pulp_events.outbox.store import Outbox
from pulp_events.testing.outbox_contract.home import LEASE, LISTENER, Home, Outboxes, new_event, result

LONG_LEASE, MINUTE = 3600.0, 60.0
"""Seconds. Shortly before its end is a minute before it, as the clock of a home may go on by itself, too."""


class ResultClaims(Outboxes):
    """Claims about attempts, and what follows from each."""

    def test_a_success_ends_the_delivery(self, outbox: Outbox) -> None:
        outbox.add([new_event()])
        [delivery] = self.claim(outbox)
        assert list(outbox.record([result(delivery, "succeed", detail="200 OK")])) == [True]
        [after] = outbox.find(DeliveryQuery(), 10)
        assert (after.state, after.attempts, after.detail, after.lease) == (State.DELIVERED, 1, "200 OK", None)
        assert after.finished is not None and after.due is None
        [attempt] = outbox.attempts(after.id)
        assert (attempt.number, attempt.outcome, attempt.duration) == (1, "delivered", 0.25)
        assert attempt.started == datetime(2026, 1, 2, tzinfo=UTC)
        assert outbox.ready() == {}

    def test_what_came_of_a_delivery_that_is_gone_is_too_late(self, outbox: Outbox) -> None:
        outbox.add([new_event(), new_event()])
        gone, here = self.claim(outbox)
        outbox.bury(LISTENER, "deleted")
        outbox.purge(DeliveryQuery(), 10)
        outbox.add([new_event()])
        [here] = self.claim(outbox)
        for transition in ("succeed", "give_up", "postpone"):
            late = result(gone, transition, 5 if transition == "postpone" else None)
            assert list(outbox.record([late])) == [False]
        assert list(outbox.record([result(gone, "succeed"), result(here, "succeed")])) == [False, True]
        assert outbox.stats().delivered == 1

    def test_a_failure_waits_for_its_retry_and_keeps_its_id(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event()])
        [first] = self.claim(outbox)
        outbox.record([result(first, "postpone", 30)])
        [waiting] = outbox.find(DeliveryQuery(state=State.PENDING), 10)
        assert waiting.due is not None
        assert self.claim(outbox) == []
        home.advance(31)
        [second] = self.claim(outbox)
        assert (second.id, second.attempts) == (first.id, 2)
        outbox.record([result(second, "give_up")])
        [dead] = outbox.find(DeliveryQuery(state=State.DEAD), 10)
        assert [attempt.outcome for attempt in outbox.attempts(dead.id)] == ["transient", "permanent"]
        assert outbox.ready() == {}

    def test_a_lease_keeps_others_away_until_it_ends(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event()])
        assert outbox.claim([ClaimRequest(LISTENER, 10)], LONG_LEASE, "t1").deliveries
        home.advance(LONG_LEASE - MINUTE)
        assert self.claim(outbox, token="t2") == []
        home.advance(MINUTE + 1)
        assert len(self.claim(outbox, token="t2")) == 1

    def test_an_extended_lease_ends_later(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event()])
        claimed = outbox.claim([ClaimRequest(LISTENER, 10)], LONG_LEASE, "t1").deliveries
        home.advance(LONG_LEASE - MINUTE)
        outbox.extend(claimed, LONG_LEASE)
        home.advance(LONG_LEASE - MINUTE)
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
        assert {delivery.state for delivery in outbox.find(DeliveryQuery(), 9)} == {State.DELIVERED, State.DEAD}

    def test_a_failure_of_somebody_whose_lease_was_taken_over_changes_nothing(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event()])
        [late] = self.claim(outbox)
        home.advance(LEASE + 1)
        [now] = self.claim(outbox, token="t2")
        assert list(outbox.record([result(late, "give_up")])) == [False]
        assert outbox.of_event(now.event_id)[0].state == State.PENDING
        assert list(outbox.record([result(now, "succeed")])) == [True]

    def test_an_attempt_is_kept_though_its_result_came_too_late(self, home: Home, outbox: Outbox) -> None:
        """In place of what was noted of it when it was taken for lost."""
        outbox.add([new_event()])
        [late] = self.claim(outbox)
        home.advance(LEASE + 1)
        [now] = self.claim(outbox, token="t2")
        assert list(outbox.record([result(late, "give_up", detail="in the end")])) == [False]
        [attempt] = outbox.attempts(now.id)
        assert (attempt.number, attempt.outcome, attempt.detail) == (1, Outcome.PERMANENT, "in the end")
        assert outbox.health()[LISTENER].failures == 1

    def test_while_it_is_attempted_a_delivery_is_due_when_its_lease_ends(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event()])
        [claimed] = self.claim(outbox)
        for one in (claimed, *outbox.of_event(claimed.event_id)):
            assert one.due is not None and one.lease == "t1"
            assert LEASE - 5 < one.due.timestamp() - home.time() <= LEASE

    def test_released_deliveries_are_free_again_and_the_attempt_does_not_count(self, outbox: Outbox) -> None:
        outbox.add([new_event(), new_event()])
        outbox.release(self.claim(outbox))
        again = self.claim(outbox, token="t2")
        assert [delivery.attempts for delivery in again] == [1, 1]
        assert list(outbox.attempts(again[0].id)) == []

    def test_a_released_retry_is_due_at_once(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event()])
        outbox.record([result(self.claim(outbox)[0], "postpone", 5)])
        home.advance(6)
        outbox.release(self.claim(outbox))
        [again] = self.claim(outbox)
        assert again.attempts == 2
        assert len(outbox.attempts(again.id)) == 1

    def test_what_is_read_back_has_states_and_outcomes_and_no_mere_text(self, outbox: Outbox) -> None:
        outbox.add([new_event()])
        [delivery] = self.claim(outbox)
        assert delivery.state is State.PENDING
        outbox.record([result(delivery, "give_up")])
        assert outbox.find(DeliveryQuery(), 9)[0].state is State.DEAD
        assert outbox.attempts(delivery.id)[0].outcome is Outcome.PERMANENT
        assert outbox.stats().by_listener[delivery.listener_id] == {
            State.PENDING: 0, State.DELIVERED: 0, State.DEAD: 1,
        }  # fmt: skip

    def test_an_attempt_is_recorded_whatever_characters_its_endpoint_answered(self, outbox: Outbox) -> None:
        outbox.add([new_event()])
        [delivery] = self.claim(outbox)
        assert list(outbox.record([result(delivery, "give_up", detail="Grüße, \0 and \ufffe")])) == [True]
        assert outbox.attempts(delivery.id)[0].detail.startswith("Grüße, ")

    def test_a_transition_that_does_not_follow_an_attempt_is_refused(self, outbox: Outbox) -> None:
        outbox.add([new_event()])
        [delivery] = self.claim(outbox)
        wrong = Result(delivery, result(delivery, "succeed").attempt, Transition.REVIVE)
        with pytest.raises(IllegalTransition, match="revive"):
            outbox.record([wrong])
        assert list(outbox.attempts(delivery.id)) == []

    def test_retries_and_first_attempts_do_not_crowd_each_other_out(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(20)])
        outbox.record([result(delivery, "postpone", 1) for delivery in self.claim(outbox, limit=20)])
        outbox.add([new_event() for _ in range(20)])
        home.advance(2)
        attempts = [delivery.attempts for delivery in self.claim(outbox, limit=10)]
        assert attempts.count(1) == attempts.count(2) == 5
