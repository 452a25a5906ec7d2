"""Claims about what leaves together: batches, pipelines, and the events of a window."""

from __future__ import annotations

import time
from typing import Any

import pytest

from pulp_events import Delivery, DeliveryFailure, EventBus, Listener, Notifier
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.notifier_contract.subject import EVENT_TYPE, Subject, delivery_to, method_of, takes_several

LATER = 1.1
"""Seconds after which the same is sent again: another second in whatever says when it was sent."""

MARKS = ("batch-a", "batch-b", "batch-c", "batch-d")


class BatchClaims(Subject):
    """They are skipped where a channel takes one delivery at a time."""

    def test_a_batch_has_one_result_for_each_delivery(self, notifier: Notifier, endpoint: Any) -> None:
        deliveries, found = self._send_marks(notifier, endpoint)
        assert [failure for _, failure in found if failure is not None] == []
        given, settled = {one.id for one in deliveries}, [one.id for one, _ in found]
        assert set(settled) <= given, "it yields a delivery that it was not given; yield those of the batch alone"
        assert len(set(settled)) == len(settled), "it yields a delivery twice; yield each once"
        assert given <= set(settled), (
            f"{len(given - set(settled))} of {len(given)} deliveries have no result; yield (delivery, None) or "
            "(delivery, failure) for each"
        )

    def test_a_batch_arrives_in_order(self, notifier: Notifier, endpoint: Any) -> None:
        """A listener with `lanes = 1` is promised it."""
        self._send_marks(notifier, endpoint)
        arrived = [
            mark
            for arrival in self.await_arrivals(endpoint, 1 if self.together else len(MARKS))
            for mark in sorted((one for one in MARKS if one in arrival.text), key=arrival.text.index)
        ]
        assert sorted(arrived) == sorted(MARKS), f"of {MARKS}, these arrived: {arrived}"
        if not self.together:  # a digest may have an order of its own
            assert arrived == list(MARKS), f"given {MARKS}, it sent {arrived}; send them in the order given"

    def test_one_failure_in_a_batch_concerns_one_delivery(self, notifier: Notifier, endpoint: Any) -> None:
        with self.channel(notifier, endpoint) as channel:
            self._skip_unless_several(channel)
        fail_for = method_of(endpoint, "fail_for")
        for bad in (MARKS[0], MARKS[2]):
            fail_for(bad)
            _, found = self._send_marks(notifier, endpoint)
            failed = [mark for mark in MARKS for one, failure in found if failure and mark in one.report.decode()]
            if self.together:
                assert failed == list(MARKS), f"one message failed, and of its deliveries only {failed}"
            else:
                assert failed == [bad], (
                    f"the receiver refused {bad} alone, and the failures are of {failed}; yield each delivery with the "
                    "answer to it"
                )

    def test_events_of_one_window_leave_together(
        self, bus: EventBus, notifier: Notifier, listener: Listener, endpoint: Any, clock: FakeClock
    ) -> None:
        window = self.window(notifier, endpoint)
        if window is None:
            pytest.skip("it has no window")
        clock.advance(window - clock.time() % window)  # they are all of one
        events = [bus.emit(EVENT_TYPE, {"repo_id": mark}) for mark in MARKS]
        assert not endpoint.arrived(), "the window is not over, and something arrived"
        self.end_window(bus)
        for event in events:
            assert {one.state for one in bus.wait(event, 0)} == {"delivered"}, [
                one.detail for one in bus.wait(event, 0)
            ]
        for arrival in self.await_arrivals(endpoint, len(listener.targets)):
            missing = [mark for mark in MARKS if mark not in arrival.text]
            assert not missing, f"the message of the window has nothing of {missing}"

    def test_a_window_that_is_sent_again_says_the_same(self, notifier: Notifier, endpoint: Any) -> None:
        """So that the receiver can recognise a repeat by its contents."""
        if self.window(notifier, endpoint) is None:
            pytest.skip("it has no window")
        deliveries = [delivery_to(notifier, endpoint, mark) for mark in MARKS]
        for pause in (LATER, 0):
            with self.channel(notifier, endpoint) as channel:
                assert [failure for _, failure in self.results(channel, deliveries) if failure is not None] == []
            time.sleep(pause)
        first, second = (arrival.text for arrival in self.await_arrivals(endpoint, 2))
        assert first == second, (
            "the same deliveries become another message when they are sent again; make it of them alone, without the "
            "time at which it is made or anything random"
        )

    def _skip_unless_several(self, channel: Any) -> None:
        if not takes_several(channel, self.together):
            pytest.skip("it takes one delivery at a time")

    def _send_marks(
        self, notifier: Notifier, endpoint: Any
    ) -> tuple[list[Delivery], list[tuple[Delivery, DeliveryFailure | None]]]:
        with self.channel(notifier, endpoint) as channel:
            self._skip_unless_several(channel)
            deliveries = [delivery_to(notifier, endpoint, mark) for mark in MARKS]
            return deliveries, self.results(channel, deliveries)
