"""Claims that whatever is sent arrives, whole and where it belongs: each kind of event, later attempts, each target."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import pytest

from pulp_events import Channel, EventBus, Listener, Notifier
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.factory import make_delivery
from pulp_events.testing.notifier_contract.documents import EACH_KIND, EVERY_KIND, difference, reports_in, texts_in
from pulp_events.testing.notifier_contract.probes import CALL_REPORT, LATER_ATTEMPTS, of_listener, probes, targets_of
from pulp_events.testing.notifier_contract.subject import EVENT_TYPE, Subject

COMPOSABLE = "e\u0301 \u212b \ufb01 \u1e9b\u0323 \U0001f469\u200d\U0001f4bb"
"""Another text in each of Unicode's normal forms, and one of several code points that is seen as one."""
HARD = "\u0000 \u200b \u202e \ufeff \\ \" ' <&> \r\n\t\u007f end "
"""What belongs to the syntax of something, or is not seen. Nothing that `str.splitlines` splits in JSON: endpoints may
keep a line for each arrival."""


class ArrivingClaims(Subject):
    """The endpoint works here, but for one failure before a retry."""

    def test_whatever_is_emitted_arrives(self, notifier: Notifier, endpoint: Any) -> None:
        with self.channel(notifier, endpoint) as channel:
            for number, probe in enumerate(probes(notifier, endpoint, self.largest), 1):
                try:
                    self.send(channel, probe.delivery)
                except Exception as error:
                    raise AssertionError(
                        f"a delivery with {probe.what} fails: {error}; the endpoint works, so deliver it as any other"
                    ) from error
                self.eventually(
                    lambda number=number: len(endpoint.arrived()) >= number,  # type: ignore[misc]
                    f"a delivery with {probe.what} is called delivered, and nothing arrived; send it as any other: "
                    "which events a listener gets is for its event types and filter to say",
                )

    def test_a_report_arrives_code_point_for_code_point(self, notifier: Notifier, endpoint: Any) -> None:
        """Of one that sends no report, but what it makes of the event, this asks for the payload's texts alone."""
        texts = {"text": COMPOSABLE, "hard": HARD}
        kinds = EVERY_KIND if self.largest is None or self.largest >= 10_000 else {}
        target = targets_of(notifier, endpoint)[0]
        with self.channel(notifier, endpoint) as channel:
            documents: list[tuple[dict[str, Any], dict[str, Any]]] = [
                ({"repo_id": "text", **texts, **kinds}, {**CALL_REPORT, **texts, "kinds": EACH_KIND if kinds else {}}),
                ({}, {}),
            ]
            for number, (payload, call_report) in enumerate(documents, 1):
                delivery = of_listener(make_delivery(EVENT_TYPE, payload, call_report, target=target))
                before = Counter(endpoint.arrived())  # endpoints need not tell it in the order in which it came
                self.send(channel, delivery)
                [arrival] = Counter(self.await_arrivals(endpoint, number)) - before
                found = list(reports_in(arrival.text))
                if not found and number == 1:
                    break
                told = difference(json.loads(delivery.report), found[0]) if found else "what is empty is not there"
                assert not told, f"the report arrives changed: {told}; send the bytes of delivery.report as they are"
            else:
                return
        assert any(COMPOSABLE in text for text in texts_in(arrival.text)), (
            f"the payload's text {COMPOSABLE!a} is not in what arrived, or as another text that looks like it; "
            "normalise nothing (unicodedata.normalize), and encode it as UTF-8"
        )

    def test_a_retry_goes_to_its_own_target(
        self, bus: EventBus, notifier: Notifier, listener: Listener, endpoint: Any, clock: FakeClock
    ) -> None:
        if len(listener.targets) < 2:
            pytest.skip("the endpoint's configuration has one target")
        with self.channel(notifier, endpoint) as channel:
            for target in listener.targets:
                for attempts in (1, *LATER_ATTEMPTS):
                    self._assert_goes_to(target, attempts, channel, endpoint)
        if (fail := getattr(endpoint, "fail", None)) is None:
            return
        fail()
        event = bus.emit(EVENT_TYPE, {"repo_id": "retry"})
        self.end_window(bus)
        failed = sorted(one.target for one in bus.wait(event, 0) if one.state != "delivered")
        time.sleep(self.settling)
        before = _targets(endpoint)  # some receivers keep what they refuse
        getattr(endpoint, "recover", lambda: None)()
        for _ in failed:
            clock.advance(3600)
            bus.deliver_due()
        self.eventually(
            lambda: (_targets(endpoint) - before).total() >= len(failed),
            "an attempt failed, the next is called delivered, and nothing arrived; send the report in each attempt",
        )
        reached = sorted((_targets(endpoint) - before).elements())
        assert reached == failed, (
            f"an attempt to {', '.join(failed)} failed, and the next went to {', '.join(reached)}; send each delivery "
            "to its own delivery.target, in each attempt"
        )

    def _assert_goes_to(self, target: str, attempts: int, channel: Channel, endpoint: Any) -> None:
        before = _targets(endpoint)
        delivery = make_delivery(EVENT_TYPE, {"repo_id": "target"}, target=target, attempts=attempts)
        self.send(channel, of_listener(delivery))
        self.eventually(
            lambda: _targets(endpoint) != before,
            f"attempt {attempts} to {target} is called delivered, and nothing arrived; send the report in each attempt",
        )
        [reached] = _targets(endpoint) - before
        if not reached:
            pytest.skip("the endpoint's arrivals have no target")
        assert reached == target, (
            f"attempt {attempts} to {target} went to {reached}; send each delivery to delivery.target, in each attempt"
        )


def _targets(endpoint: Any) -> Counter[str]:
    """How much arrived for each so far; endpoints need not tell it in the order in which it came."""
    return Counter(one.target or "" for one in endpoint.arrived())
