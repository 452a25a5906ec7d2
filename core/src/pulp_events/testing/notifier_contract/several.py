"""Claims about several of one kind: listeners, targets, threads, one after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from pulp_events import EventBus, Listener, Notifier, TransientFailure
from pulp_events.plugins import boundary
from pulp_events.testing.fault_proxy import FaultProxy
from pulp_events.testing.notifier_contract.process import situations
from pulp_events.testing.notifier_contract.subject import Subject, delivery_to


class SeveralClaims(Subject):
    """A notifier is one object for all listeners, targets and threads."""

    def test_each_listener_has_its_own_configuration(self, notifier: Notifier, endpoint: Any) -> None:
        other = getattr(endpoint, "other", None)
        if other is not None:
            self._deliver_to_both(notifier, endpoint, other.config, lambda: len(other.arrived()))
        if endpoint.proxy is None or (config := _moved(endpoint.config, endpoint.proxy.port, 0)) == endpoint.config:
            if other is None:
                pytest.skip("its configuration has no port of the proxy, and the endpoint has no `other`")
            return
        with FaultProxy(endpoint.proxy.behind) as proxy:
            config = _moved(endpoint.config, endpoint.proxy.port, proxy.port)
            self._deliver_to_both(notifier, endpoint, config, lambda: proxy.connections)

    def _deliver_to_both(self, notifier: Notifier, endpoint: Any, config: Any, reached: Callable[[], int]) -> None:
        with self.channel(notifier, endpoint) as channel:
            self.send(channel, delivery_to(notifier, endpoint, "first"))
            assert not reached(), "what was meant for the first listener's endpoint went to the second's"
            with self.opened(notifier, endpoint, config) as second:
                self.send(second, delivery_to(notifier, endpoint, "second", config))
                self.eventually(lambda: reached() > 0, (
                    "what was meant for the second listener's endpoint did not go there; use the configuration that "
                    "open() is given each time, and keep none in the notifier"
                ))  # fmt: skip
                before = reached()
                self.send(channel, delivery_to(notifier, endpoint, "first again"))
                time.sleep(self.settling)
                assert reached() == before, (
                    "what was meant for the first listener's endpoint went to the second's, which was opened after it; "
                    "keep what belongs to a listener in its channel alone"
                )

    def test_each_target_gets_its_own_delivery(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        if len(listener.targets) < 2:
            pytest.skip("the endpoint's configuration has one target")
        self.emit(bus, {"repo_id": "targets"})
        arrived = [arrival.target for arrival in self.await_arrivals(endpoint, len(listener.targets))]
        if None in arrived:
            pytest.skip("the endpoint's arrivals have no target")
        assert sorted(map(str, arrived)) == sorted(listener.targets), (
            f"the targets are {sorted(listener.targets)}, and deliveries went to {arrived}; send each to "
            "delivery.target"
        )

    def test_a_channel_goes_from_thread_to_thread(self, notifier: Notifier, endpoint: Any) -> None:
        """One uses it at a time, not always the same."""
        channel = self.opened(notifier, endpoint)
        steps: list[tuple[str, Callable[[], object]]] = [
            ("open", channel.open),
            ("send", lambda: self.send(channel, delivery_to(notifier, endpoint, "thread-1"))),
            ("send", lambda: self.send(channel, delivery_to(notifier, endpoint, "thread-2"))),
            ("close", channel.close),
        ]
        over = threading.Event()
        try:
            for name, step in steps:
                if (error := _raised_elsewhere(step, over)) is not None:
                    raise AssertionError(
                        f"{name}() fails in another thread than open(): {type(error).__name__}: {error}; keep nothing "
                        "in a channel that is bound to a thread, or let a thread of the channel's own work with it"
                    ) from error
        finally:
            over.set()
            channel.close()
        self.await_arrivals(endpoint, 2)

    def test_what_it_sets_and_returns_is_valid(self, notifier: Notifier, endpoint: Any) -> None:
        try:
            self._look_at_what_is_set(notifier, endpoint)
        except boundary.NotifierMistake as mistake:
            pytest.fail(str(mistake), pytrace=False)

    def _look_at_what_is_set(self, notifier: Notifier, endpoint: Any) -> None:
        boundary.limit_of(notifier, *self.opening(notifier, endpoint))
        self.window(notifier, endpoint)
        for _, prepare in situations(endpoint, "reset"):
            prepare()
            channel = self.opened(notifier, endpoint)
            try:
                with channel:
                    boundary.whole(channel.batch_size, "batch_size", 1)
                    boundary.whole(channel.in_flight, "in_flight", 0)
                    self.send(channel, delivery_to(notifier, endpoint, "valid"))
            except TransientFailure as failure:
                boundary.retry_after_of(failure)
            except (boundary.NotifierMistake, AssertionError):
                raise
            except Exception:  # noqa: S110  # other claims look at what is raised
                pass
            boundary.detail_of(channel)
            boundary.flag(channel.broken, "the channel's broken")


def _raised_elsewhere(step: Callable[[], object], over: threading.Event) -> BaseException | None:
    """What the step raises in a thread of its own, which lives until `over`: its identity is used by no other."""
    raised: list[BaseException | None] = []
    done = threading.Event()

    def run() -> None:
        try:
            step()
            raised.append(None)
        except BaseException as error:
            raised.append(error)
        done.set()
        over.wait()

    threading.Thread(target=run, name="contract-step", daemon=True).start()
    done.wait()
    return raised[0]


def _moved(value: Any, port: int, other: int) -> Any:
    """The configuration with another port in it."""
    if isinstance(value, dict):
        return {key: _moved(each, port, other) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_moved(each, port, other) for each in value]
    if isinstance(value, str):
        return value.replace(str(port), str(other))
    return other if value == port else value
