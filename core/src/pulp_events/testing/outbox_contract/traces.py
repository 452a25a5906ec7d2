"""The trace context of events: stored with them, and in every delivery."""

from __future__ import annotations

import itertools
from dataclasses import replace

from pulp_events.events.trace_context import from_text
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery, NewDelivery, NewEvent
from pulp_events.outbox.store import Outbox
from pulp_events.outbox.stored_event import Addition, EventQuery
from pulp_events.testing.outbox_contract.home import LISTENER, OTHER, Home, Outboxes, new_event

_PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACES = (None, _PARENT, f"{_PARENT} a=1,vendor@b=\\x{{y}}'NULL' %s", f"{_PARENT} a={'x' * 250},b={'y' * 250}")
"""As they are stored."""


class TraceClaims(Outboxes):
    """Each event has its own, or none."""

    def test_an_event_and_its_deliveries_keep_the_trace_context_that_it_was_emitted_with(
        self, home: Home, outbox: Outbox
    ) -> None:
        skipped = NewDelivery(LISTENER, "x", "was muted")
        expiring = NewDelivery(LISTENER, expires=home.time() + 1000)
        kinds: tuple[NewEvent, ...] = (
            new_event(), new_event(LISTENER, OTHER), new_event(targets=("x", "y")), replace(new_event(), deliveries=()),
            replace(new_event(), deliveries=(skipped,)), replace(new_event(), deliveries=(expiring, skipped)),
        )  # fmt: skip
        stored = []
        for (number, kind), trace, once in itertools.product(enumerate(kinds), TRACES, (False, True)):
            event_id = f"trace-{number}-{TRACES.index(trace)}-{once}"
            stored.append(replace(kind, id=event_id, trace_context=trace, once=once, fingerprint="f" if once else None))
        for each in stored[: len(stored) // 2]:
            outbox.add([each])
        outbox.add(stored[len(stored) // 2 :])
        told = {each.id: from_text(each.trace_context) for each in stored}
        assert len({*told.values()}) == len(TRACES)
        second = home.open()
        for read in (outbox, second):
            assert {each.id: each.trace_context for each in read.events(EventQuery(), 999)} == told
            found = read.find(DeliveryQuery(), 999)
            assert {each.event_id for each in found} == {each.id for each in stored if each.deliveries}
            assert all(each.trace_context == told[each.event_id] for each in found)
            one = read.of_event(stored[5].id)[0]
            assert one.trace_id == _PARENT[3:35]
        requests = [ClaimRequest(LISTENER, 999), ClaimRequest(OTHER, 999, ordered=True)]
        claimed = second.claim(requests, 60, "token").deliveries
        assert len(claimed) == 6 * 8 and all(each.trace_context == told[each.event_id] for each in claimed)
        second.close()

    def test_every_way_of_claiming_has_it(self, outbox: Outbox) -> None:
        event = replace(new_event(), time=1_600_000_000.0, trace_context=TRACES[2])  # its window is over
        outbox.add([event])
        [late_id] = outbox.add_deliveries([Addition(event.id, OTHER)])
        assert late_id is not None
        first = f"{event.id}.0"
        for request in (
            ClaimRequest(LISTENER, 9), ClaimRequest(LISTENER, 9, ordered=True), ClaimRequest(LISTENER, 9, ids=[first]),
            ClaimRequest(LISTENER, 9, ordered=True, ids=[first]), ClaimRequest(LISTENER, 9, window=60.0, ids=[first]),
            ClaimRequest(LISTENER, 9, window=60.0), ClaimRequest(OTHER, 9), ClaimRequest(OTHER, 9, ids=[late_id]),
        ):  # fmt: skip
            [one] = outbox.claim([request], 60, "token").deliveries
            assert one.trace_context == from_text(TRACES[2]), request
            outbox.release([one])

    def test_the_trace_context_is_no_part_of_what_an_id_stands_for(self, outbox: Outbox) -> None:
        first = replace(new_event(), once=True, trace_context=TRACES[1])
        outbox.add([first])
        found = outbox.add([replace(first, trace_context=TRACES[2])])
        assert found[first.id].trace_context == from_text(TRACES[1])
