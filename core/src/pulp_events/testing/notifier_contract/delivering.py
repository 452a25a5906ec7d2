"""Claims about deliveries that succeed, and connections that are kept."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from pulp_events import Delivery, EventBus, Listener, Notifier
from pulp_events.listeners.notifier_config import readable_part, validate
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.meeting import Meeting
from pulp_events.testing.notifier_contract.subject import EVENT_TYPE, Subject, delivery_to, method_of, proxy_of
from pulp_events.testing.notifier_contract.waiting import open_channel

MEETING = ("meeting-left", "meeting-right")
MEETING_LIMIT = 2.0
"""Seconds for which an answer is held at most; a notifier may give up before."""
MEETINGS = 3
"""How often it is tried: a thread of a busy machine may be late once."""


class DeliveringClaims(Subject):
    """The endpoint works here."""

    def test_an_event_arrives_exactly_once(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        deliveries = self.emit(bus, {"repo_id": "contract-once"})
        assert {one.state for one in deliveries} == {"delivered"}, [one.detail for one in deliveries]
        arrived = self.await_arrivals(endpoint, len(listener.targets), settling=self.settling)
        assert all("contract-once" in arrival.text for arrival in arrived)

    def test_unicode_and_200_kb_arrive_whole(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        around = 1000  # bytes of a report around its payload, at most
        length = 200_000 if self.largest is None else min(200_000, self.largest - around)
        text = "Grüße, 世界, 👋 " + "x" * length + " end"
        deliveries = self.emit(bus, {"text": text})
        assert {one.state for one in deliveries} == {"delivered"}, [one.detail for one in deliveries]
        for arrival in self.await_arrivals(endpoint, len(listener.targets)):
            assert "Grüße, 世界, 👋" in arrival.text and "x end" in arrival.text

    def test_what_is_too_large_is_never_cut_silently(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        if self.largest is None:
            pytest.skip("its receiver has no limit (`largest`)")
        deliveries = self.emit(bus, {"text": "x" * (self.largest + 1)})
        if self.too_large == "shortened":
            self._assert_shortened(deliveries, endpoint)
            return
        state, remedy = {
            "refused": ("dead", "raise PermanentFailure, as no attempt can succeed"),
            "tried again": ("pending", "raise TransientFailure, as the receiver's limit may be raised"),
        }[self.too_large]
        for delivery in deliveries:
            assert delivery.state == state, (
                f"a report of more than {self.largest} bytes is {delivery.state}; {remedy}, and send no part of it"
            )
            assert delivery.detail.strip(), "a failure must say what happened"
        self.await_arrivals(endpoint, 0)

    def _assert_shortened(self, deliveries: Sequence[Delivery], endpoint: Any) -> None:
        assert {one.state for one in deliveries} == {"delivered"}, [one.detail for one in deliveries]
        ids = {each for one in deliveries for each in (one.event_id, one.id, one.listener_id)}
        for arrival in self.await_arrivals(endpoint, len(deliveries)):
            assert any(each in arrival.text for each in ids), (
                f"a report of more than {self.largest} bytes arrives shortened, and nothing says which; name "
                "delivery.event_id or delivery.id in the text, or delivery.listener_id where it is about several"
            )

    def test_the_configuration_is_not_changed(self, notifier: Notifier, endpoint: Any) -> None:
        config, settings = self.opening(notifier, endpoint)
        before = copy.deepcopy((config, settings))
        readable = readable_part(notifier, validate(notifier, endpoint.config)[0])
        as_given = copy.deepcopy(readable)
        notifier.check(readable)
        notifier.targets(readable)
        notifier.window(readable)
        notifier.warnings(readable, settings)
        notifier.settings_warnings(settings)
        assert readable == as_given
        with open_channel(notifier, config, settings) as channel:
            self.send(channel, delivery_to(notifier, endpoint, "unchanged"))
        assert (config, settings) == before

    def test_a_kept_connection_is_used_again(self, notifier: Notifier, endpoint: Any) -> None:
        if not self.keeps_connections or type(notifier).open is Notifier.open:
            pytest.skip("it keeps no connection")
        proxy = proxy_of(endpoint)
        with self.channel(notifier, endpoint) as channel:
            for number in range(3):
                self.send(channel, delivery_to(notifier, endpoint, f"reuse-{number}"))
                assert not channel.broken
        self.await_arrivals(endpoint, 3)
        assert proxy.connections == 1, f"{proxy.connections} connections for 3 deliveries"

    def test_a_connection_that_the_peer_closed_is_opened_again(
        self, bus: EventBus, listener: Listener, endpoint: Any, clock: FakeClock
    ) -> None:
        proxy = proxy_of(endpoint)
        first = bus.emit(EVENT_TYPE, {"n": 1})
        self.end_window(bus)
        proxy.drop()
        time.sleep(0.05)
        second = bus.emit(EVENT_TYPE, {"n": 2})
        self.end_window(bus)
        clock.advance(3600)
        bus.deliver_due()
        for event in (first, second):
            assert {one.state for one in bus.wait(event, 0)} == {"delivered"}, bus.wait(event, 0)[0].detail

    def test_two_channels_work_in_two_threads_at_once(self, notifier: Notifier, endpoint: Any) -> None:
        errors: list[BaseException] = []
        barrier = threading.Barrier(2, timeout=30)

        def work(name: str) -> None:
            try:
                with self.channel(notifier, endpoint) as channel:
                    for number in range(5):
                        barrier.wait()
                        self.send(channel, delivery_to(notifier, endpoint, f"thread-{name}-{number}"))
            except BaseException as error:
                errors.append(error)
                barrier.abort()

        threads = [threading.Thread(target=work, args=(name,), daemon=True) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors, errors
        texts = " ".join(arrival.text for arrival in self.await_arrivals(endpoint, 10))
        assert all(f"thread-{name}-{number}" in texts for name in "ab" for number in range(5))

    def test_one_channel_does_not_wait_for_the_answer_of_another(self, notifier: Notifier, endpoint: Any) -> None:
        """The receiver answers the one only when it has what the other sends."""
        proxy = proxy_of(endpoint)
        for _ in range(MEETINGS):
            meeting = Meeting(*(mark.encode() for mark in MEETING), limit=MEETING_LIMIT)
            proxy.meeting = meeting
            errors = self._send_at_once(notifier, endpoint)
            proxy.meeting = None
            if not meeting.seen:
                pytest.skip("its reports pass the proxy encrypted or encoded")
            if not meeting.timed_out and not errors:
                return
        pytest.fail(
            "while one channel waits for its answer, another sends nothing: a receiver that takes its time stops all "
            f"listeners; hold no lock that channels share while an answer is waited for {errors or ''}"
        )

    def _send_at_once(self, notifier: Notifier, endpoint: Any) -> list[BaseException]:
        """Each of the marks by a channel in a thread of its own; what they raise.

        Each channel has sent a report before: channels may share a connection, whose answers are held once a mark was
        sent over it, and what opens a channel must not wait for that.
        """
        errors: list[BaseException] = []
        ready = threading.Barrier(len(MEETING), timeout=self.claim_limit)

        def work(mark: str) -> None:
            try:
                with self.channel(notifier, endpoint) as channel:
                    self.send(channel, delivery_to(notifier, endpoint, "before"))
                    ready.wait()
                    self.send(channel, delivery_to(notifier, endpoint, mark))
            except threading.BrokenBarrierError:
                pass  # the other says why
            except BaseException as error:
                errors.append(error)
                ready.abort()

        threads = [threading.Thread(target=work, args=(mark,), daemon=True) for mark in MEETING]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return errors

    def test_a_retry_has_the_delivery_id_of_the_first_attempt(
        self, bus: EventBus, listener: Listener, endpoint: Any, clock: FakeClock
    ) -> None:
        method_of(endpoint, "fail")()
        event = bus.emit(EVENT_TYPE, {"n": 1})
        self.end_window(bus)
        failed = [one for one in bus.wait(event, 0) if one.state != "delivered"]
        assert failed, "the first attempt met an error, and all is called delivered"
        assert {one.state for one in failed} == {"pending"}, [one.detail for one in failed]
        time.sleep(self.settling)
        before = len(endpoint.arrived())
        getattr(endpoint, "recover", lambda: None)()
        clock.advance(3600)
        bus.deliver_due()
        again = bus.wait(event, 0)
        assert {one.state for one in again} == {"delivered"}, [one.detail for one in again]
        self.eventually(
            lambda: len(endpoint.arrived()) >= before + len(failed),
            "the second attempt is called delivered, and nothing arrived; send the report in each attempt",
        )
        ids = {arrival.delivery_id for arrival in endpoint.arrived()}
        known = {one.id for one in again}
        right = ids <= {None, *known} if self.together else ids in (known, {None})
        assert right, f"the deliveries are {sorted(known)}, and {ids} arrived; send delivery.id in each attempt"
