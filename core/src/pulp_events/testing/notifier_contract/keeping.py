"""Claims about what a notifier keeps in memory: nothing of what it has sent."""

from __future__ import annotations

import gc
import inspect
import logging
import time
import uuid
import weakref
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from pulp_events import Channel, Delivery, Notifier
from pulp_events.testing.factory import make_delivery
from pulp_events.testing.memory import growth
from pulp_events.testing.notifier_contract.child import in_child
from pulp_events.testing.notifier_contract.probes import AROUND, of_listener, targets_of
from pulp_events.testing.notifier_contract.process import situations
from pulp_events.testing.notifier_contract.subject import EVENT_TYPE, Subject, delivery_to

SIZE = 50_000
"""Bytes of each payload."""
CHANNELS, DELIVERIES = 2, 10
"""How many channels are opened and closed, and how many deliveries each sends."""
KEPT = 0.5
"""Part of what was sent from which on it is kept: libraries keep a little for themselves."""


class KeepingClaims(Subject):
    """A worker runs for months."""

    def test_no_delivery_is_kept(self, notifier: Notifier, endpoint: Any) -> None:
        """A channel may be open for months; an exception that is kept has a traceback, with all its variables."""
        logging.disable()  # pytest keeps what is logged
        try:
            with self.channel(notifier, endpoint) as channel:
                seen = [self._sent(channel, notifier, endpoint) for _ in range(6)]
                self._assert_let_go(seen, "they were sent, while the channel is open")
            del channel
            for situation, prepare in situations(endpoint, "refuse", "reset", "garbage"):
                prepare()
                failed = [self._failed(notifier, endpoint) for _ in range(3)]
                self._assert_let_go(failed, f"an attempt with {situation}; an exception that is kept keeps them")
        finally:
            logging.disable(logging.NOTSET)

    def _sent(self, channel: Channel, notifier: Notifier, endpoint: Any) -> weakref.ref[Delivery]:
        delivery = delivery_to(notifier, endpoint, "kept")
        self.send(channel, delivery)
        return weakref.ref(delivery)

    def _failed(self, notifier: Notifier, endpoint: Any) -> weakref.ref[Delivery]:
        """One that may not be delivered."""
        delivery = delivery_to(notifier, endpoint, "kept")
        if endpoint.proxy is not None:
            endpoint.proxy.drop()
        with suppress(Exception), self.channel(notifier, endpoint) as channel:
            self.send(channel, delivery)
        return weakref.ref(delivery)

    def _assert_let_go(self, seen: Sequence[weakref.ref[Delivery]], after: str) -> None:
        deadline = time.monotonic() + 5
        while (kept := self._alive(seen)) > 1 and time.monotonic() < deadline:  # the last may be on its way out
            time.sleep(0.05)
        assert kept <= 1, (
            f"{kept} of {len(seen)} deliveries are kept after {after}; let go of each when its result is known"
        )

    @staticmethod
    def _alive(seen: Sequence[weakref.ref[Delivery]]) -> int:
        gc.collect()
        return sum(each() is not None for each in seen)

    def test_no_report_is_kept_after_close(self, notifier: Notifier, endpoint: Any) -> None:
        """Nor a copy of it, whatever it is made into."""
        size = SIZE if self.largest is None else min(SIZE, self.largest - AROUND)
        ended = in_child(lambda: self._growth(notifier, endpoint, size), 0.8 * self.claim_limit)
        if ended.how:
            pytest.fail(ended.how, pytrace=False)
        sent = CHANNELS * DELIVERIES * size
        assert ended.told < KEPT * sent, (
            f"of {CHANNELS * DELIVERIES} deliveries of {size} bytes, {ended.told} bytes are in memory after close(); "
            "keep no report, event or copy of them in the notifier, a class or a module, and give each cache a limit"
        )

    def _growth(self, notifier: Notifier, endpoint: Any, size: int) -> int:
        """Bytes that are kept; what an endpoint in this process keeps is its own."""
        target = targets_of(notifier, endpoint)[0]

        def send(channels: int, deliveries: int) -> None:
            for _ in range(channels):
                with suppress(Exception), self.channel(notifier, endpoint) as channel:
                    for _ in range(deliveries):
                        text = (uuid.uuid4().hex * (size // 32 + 1))[:size]
                        self.send(channel, of_listener(make_delivery(EVENT_TYPE, {"text": text}, target=target)))

        in_this_process = _files_of(endpoint) if endpoint.proxy is None else ()
        return growth(lambda: send(CHANNELS, DELIVERIES), lambda: send(2, 1), in_this_process)


def _files_of(endpoint: Any) -> list[str]:
    found = []
    for each in type(endpoint).__mro__:
        with suppress(TypeError, OSError):
            found.append(inspect.getfile(each))
    return found
