"""Claims about deliveries that succeed, and connections that are kept."""

from __future__ import annotations

import copy
import threading
import time
from typing import Any

import pytest

from pulp_events import EventBus, Listener, Notifier
from pulp_events.listeners.notifier_config import readable_part, validate
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.notifier_contract.subject import EVENT_TYPE, Subject, delivery_to, method_of, send
from pulp_events.testing.notifier_contract.waiting import open_channel


class DeliveringClaims(Subject):
    """The endpoint works here."""

    def test_an_event_arrives_exactly_once(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        event = bus.emit(EVENT_TYPE, {"repo_id": "contract-once"})
        states = {delivery.target: delivery for delivery in bus.wait(event, 0)}
        assert {one.state for one in states.values()} == {"delivered"}, [one.detail for one in states.values()]
        arrived = self.await_arrivals(endpoint, len(listener.targets))
        assert all("contract-once" in arrival.text for arrival in arrived)

    def test_unicode_and_200_kb_arrive_whole(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        text = "Grüße, 世界, 👋 " + "x" * 200_000 + " end"
        event = bus.emit(EVENT_TYPE, {"text": text})
        assert {one.state for one in bus.wait(event, 0)} == {"delivered"}, [one.detail for one in bus.wait(event, 0)]
        for arrival in self.await_arrivals(endpoint, len(listener.targets)):
            assert "Grüße, 世界, 👋" in arrival.text and "x end" in arrival.text

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
            send(channel, delivery_to(notifier, endpoint, "unchanged"))
        assert (config, settings) == before

    def test_a_kept_connection_is_used_again(self, notifier: Notifier, endpoint: Any) -> None:
        if not self.keeps_connections or type(notifier).open is Notifier.open:
            pytest.skip("it keeps no connection")
        with self.channel(notifier, endpoint) as channel:
            for number in range(3):
                send(channel, delivery_to(notifier, endpoint, f"reuse-{number}"))
                assert not channel.broken
        self.await_arrivals(endpoint, 3)
        assert endpoint.proxy.connections == 1, f"{endpoint.proxy.connections} connections for 3 deliveries"

    def test_a_connection_that_the_peer_closed_is_opened_again(
        self, bus: EventBus, listener: Listener, endpoint: Any, clock: FakeClock
    ) -> None:
        first = bus.emit(EVENT_TYPE, {"n": 1})
        endpoint.proxy.drop()
        time.sleep(0.05)
        second = bus.emit(EVENT_TYPE, {"n": 2})
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
                        send(channel, delivery_to(notifier, endpoint, f"thread-{name}-{number}"))
            except BaseException as error:
                errors.append(error)
                barrier.abort()

        threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors, errors
        texts = " ".join(arrival.text for arrival in self.await_arrivals(endpoint, 10))
        assert all(f"thread-{name}-{number}" in texts for name in "ab" for number in range(5))

    def test_a_retry_has_the_delivery_id_of_the_first_attempt(
        self, bus: EventBus, listener: Listener, endpoint: Any, clock: FakeClock
    ) -> None:
        fail = method_of(endpoint, "fail")
        fail()
        event = bus.emit(EVENT_TYPE, {"n": 1})
        getattr(endpoint, "recover", lambda: None)()
        clock.advance(3600)
        bus.deliver_due()
        ids = {arrival.delivery_id for arrival in endpoint.arrived()}
        assert ids == {one.id for one in bus.wait(event, 0)} or ids == {None}
