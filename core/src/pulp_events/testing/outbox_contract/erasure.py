"""Claims about events whose content is erased."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from pulp_events.errors import EventConflict
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.erasure import ERASED, ERASED_AMID, REMOVED, Erased, marker
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery, NewDelivery, NewEvent
from pulp_events.outbox.states import State
from pulp_events.outbox.store import Outbox
from pulp_events.outbox.stored_event import Addition, EventQuery
from pulp_events.testing.outbox_contract.home import LEASE, LISTENER, OTHER, Home, Outboxes, new_event, result
from pulp_events.testing.outbox_contract.traces import TRACES

SAID = "no such user: alice"
TIMEOUT = 10.0


def about(who: str, *listeners: str, id: str | None = None) -> NewEvent:
    """An event with somebody in it."""
    event = new_event(*listeners)
    report = f'{{"call_report":{{}},"event_type":"{event.event_type}","payload":{{"user":"{who}"}}}}'.encode()
    return replace(event, report=report, id=id or event.id, once=id is not None, fingerprint="a" if id else None)


class ErasureClaims(Outboxes):
    """Part of `OutboxContract`."""

    def erase(self, outbox: Outbox, *events: NewEvent) -> Erased:
        """Erase them, for an administrator."""
        return outbox.erase([event.id for event in events], outbox.begin_erasure("alice", "a test"))

    def states(self, outbox: Outbox, event: NewEvent) -> list[tuple[State, int, str]]:
        """Of the event's deliveries."""
        return [(one.state, one.attempts, one.detail) for one in outbox.of_event(event.id)]

    def test_of_an_erased_event_the_bare_record_is_left(self, home: Home, outbox: Outbox) -> None:
        event, other = replace(about("alice"), scope="a", trace_context=TRACES[1]), about("bob", OTHER)
        outbox.add([event, other])
        before = outbox.event(event.id), outbox.event(other.id)
        assert self.erase(outbox, event) == Erased(1, 1, 0, 0)
        found, untouched = home.open().event(event.id), outbox.event(other.id)
        assert found is not None and before[0] is not None and untouched is not None and before[1] is not None
        assert (found.id, found.event_type, found.time, found.source, found.place, found.deliveries) == (
            event.id, event.event_type, before[0].time, "here", before[0].place, 1,
        )  # fmt: skip
        assert (found.scope, found.scope_known) == ("a", True)
        assert before[0].trace_id and found.trace_id is None
        assert found.erased is not None and abs(found.erased.timestamp() - home.time()) < 60
        assert found.report == marker(event.event_type, found.erased)
        assert found.event.payload["erased"] == f"{found.erased:%Y-%m-%dT%H:%M:%SZ}"
        assert (untouched.report, untouched.erased, before[1].erased) == (other.report, None, None)

    def test_what_was_pending_is_dead_and_never_sent(self, outbox: Outbox) -> None:
        event, other = about("alice", LISTENER, OTHER), about("bob")
        outbox.add([event, other])
        [first] = self.claim(outbox, limit=1)
        outbox.record([result(first, "postpone", 0.0, SAID)])
        outbox.release(self.claim(outbox))
        assert self.erase(outbox, event) == Erased(1, 2, 0, 1)
        assert self.states(outbox, event) == [(State.DEAD, 1, ERASED), (State.DEAD, 0, ERASED)]
        assert [one.event_id for one in self.claim(outbox)] == [other.id]
        assert outbox.ready().keys() == {LISTENER}
        assert outbox.stats().dead == 2 and outbox.stats().pending == 1

    def test_deliveries_keep_their_states_and_attempts_and_lose_what_was_said(self, outbox: Outbox) -> None:
        event = about("alice", LISTENER, OTHER)
        skipped = replace(about("alice"), deliveries=[NewDelivery(LISTENER, skip="of alice")])
        outbox.add([event, skipped])
        [first], [second] = self.claim(outbox), self.claim(outbox, listener=OTHER)
        outbox.record([result(first, "succeed", detail=SAID), result(second, "give_up", detail=SAID)])
        assert self.erase(outbox, event, skipped) == Erased(2, 0, 0, 2)
        assert self.states(outbox, event) == [(State.DELIVERED, 1, REMOVED), (State.DEAD, 1, REMOVED)]
        assert self.states(outbox, skipped) == [(State.DEAD, 0, REMOVED)]
        [attempt] = outbox.attempts(first.id)
        assert (attempt.number, attempt.duration, attempt.outcome, attempt.detail) == (1, 0.25, "delivered", REMOVED)

    def test_the_health_of_its_listeners_loses_what_was_said_and_that_of_others_does_not(self, outbox: Outbox) -> None:
        event, other = about("alice"), about("bob", OTHER)
        outbox.add([event, other])
        [first], [second] = self.claim(outbox), self.claim(outbox, listener=OTHER)
        outbox.record([result(first, "give_up", detail=SAID), result(second, "give_up", detail="no such user: bob")])
        self.erase(outbox, event)
        health = outbox.health()
        assert (health[LISTENER].detail, health[LISTENER].failures) == (REMOVED, 1)
        assert (health[OTHER].detail, health[OTHER].failures) == ("no such user: bob", 1)

    def test_what_was_said_of_a_delivery_that_is_gone_is_lost_too(self, outbox: Outbox) -> None:
        event = about("alice", LISTENER, OTHER)
        outbox.add([event])
        [first] = self.claim(outbox)
        outbox.record([result(first, "give_up", detail=SAID)])
        outbox.purge(DeliveryQuery(), 9, keep_events=1000.0)
        self.erase(outbox, event)
        assert outbox.health()[LISTENER].detail == REMOVED

    def test_an_attempt_that_is_under_way_brings_nothing_back(self, outbox: Outbox) -> None:
        events = [about("alice"), about("alice"), about("alice")]
        other = about("bob")
        outbox.add([*events, other])
        claimed = self.claim(outbox)
        assert self.erase(outbox, *events) == Erased(3, 3, 3, 0)
        assert self.states(outbox, events[0]) == [(State.DEAD, 1, ERASED_AMID)]
        outbox.extend(claimed, LEASE)
        hows: Sequence[str] = ("succeed", "postpone", "give_up", "postpone")
        results = [
            result(one, how, 5.0 if how == "postpone" else None, SAID) for one, how in zip(claimed, hows, strict=True)
        ]
        assert list(outbox.record(results[:3])) == [False] * 3
        assert outbox.health()[LISTENER].detail == REMOVED
        assert list(outbox.record(results[3:])) == [True]
        for event in events:
            assert self.states(outbox, event) == [(State.DEAD, 1, ERASED_AMID)]
            assert [one.detail for one in outbox.attempts(f"{event.id}.0")] == [REMOVED]
        assert [one.detail for one in outbox.attempts(f"{other.id}.0")] == [SAID]
        assert outbox.health()[LISTENER].detail == SAID

    def test_what_an_attempt_of_another_event_said_is_stored_beside(self, outbox: Outbox) -> None:
        event, other = about("alice"), about("bob")
        outbox.add([event, other])
        one, two = self.claim(outbox)
        self.erase(outbox, event)
        outbox.record([result(one, "succeed", detail="200 OK"), result(two, "succeed", detail="200 OK")])
        assert [each.detail for each in outbox.attempts(two.id)] == ["200 OK"]
        assert [each.detail for each in outbox.attempts(one.id)] == [REMOVED]

    def test_a_lease_that_ended_is_not_under_way(self, home: Home, outbox: Outbox) -> None:
        event = about("alice")
        outbox.add([event])
        self.claim(outbox)
        home.advance(LEASE + 1)
        assert self.erase(outbox, event) == Erased(1, 1, 0, 0)
        assert self.states(outbox, event) == [(State.DEAD, 1, ERASED)]

    def test_nobody_sends_it_again(self, outbox: Outbox) -> None:
        event, other = about("alice"), about("bob")
        outbox.add([event, other])
        self.erase(outbox, event)
        outbox.bury(LISTENER, "gone")
        assert outbox.revive(DeliveryQuery(), 9) == 1
        assert outbox.revive(DeliveryQuery(event_id=event.id), 9) == 0
        assert outbox.revive(DeliveryQuery(ids=[f"{event.id}.0"]), 9) == 0
        assert list(outbox.add_deliveries([Addition(event.id, OTHER)])) == [None]
        assert list(outbox.add_deliveries([Addition(event.id, LISTENER, repeat_of=f"{event.id}.0")])) == [None]
        assert [one.event_id for one in self.claim(outbox)] == [other.id]

    def test_emitted_again_with_another_scope_it_is_refused(self, outbox: Outbox) -> None:
        event = replace(about("alice"), once=True, scope="a", fingerprint="f")
        outbox.add([event])
        self.erase(outbox, event)
        with pytest.raises(EventConflict, match='another scope: it was "a" and is "b" now'):
            outbox.add([replace(event, scope="b")])
        assert outbox.add([replace(event, fingerprint="of other content")]).keys() == {event.id}

    def test_emitted_again_under_its_id_it_stays_erased(self, outbox: Outbox) -> None:
        event = about("alice", id="chosen-by-the-application-for-erasure")
        outbox.add([event])
        self.erase(outbox, event)
        for again in (event, replace(event, report=about("bob").report, fingerprint="b")):
            found = outbox.add([again])[event.id]
            assert found.erased is not None and b"alice" not in found.report and found.fingerprint is None
        assert len(outbox.of_event(event.id)) == 1

    def test_what_is_erased_already_or_not_there_is_passed_over(self, outbox: Outbox) -> None:
        event = about("alice")
        outbox.add([event])
        assert outbox.erase([], None) == Erased()
        assert self.erase(outbox, event, about("nobody")) == Erased(1, 1, 0, 0)
        before = outbox.event(event.id)
        assert self.erase(outbox, event) == Erased()
        after = outbox.event(event.id)
        assert before is not None and after is not None and before.erased == after.erased

    def test_to_count_changes_nothing(self, outbox: Outbox) -> None:
        event = about("alice", LISTENER, OTHER)
        outbox.add([event])
        [one] = self.claim(outbox)
        outbox.record([result(one, "postpone", 0.0, SAID)])
        self.claim(outbox)
        assert outbox.erase([event.id], None) == Erased(1, 2, 1, 1)
        found = outbox.event(event.id)
        assert found is not None and found.report == event.report and found.erased is None
        assert [one.detail for one in outbox.attempts(one.id)] == [SAID]
        assert list(outbox.erasures(9)) == []

    def test_erasures_are_recorded_and_ended_when_the_files_have_nothing_left(self, home: Home, outbox: Outbox) -> None:
        outbox.add([event := about("alice"), other := about("bob")])
        erasure = outbox.begin_erasure("alice, pulp-admin", "where payload.user == '…'")
        outbox.erase([event.id], erasure)
        outbox.erase([other.id], erasure)
        [record] = outbox.erasures(9)
        assert (record.id, record.ended, record.by, record.asked, record.erased) == (
            erasure, None, "alice, pulp-admin", "where payload.user == '…'", Erased(2, 2, 0, 0),
        )  # fmt: skip
        assert abs(record.began.timestamp() - home.time()) < 60
        assert not outbox.scrub(TIMEOUT)
        second = home.open()
        [record] = second.erasures(9)
        assert record.ended is not None and record.ended >= record.began
        second.close()
        later = outbox.begin_erasure("bob", "all events")
        assert [each.id for each in outbox.erasures(9)] == [later, erasure]
        assert [each.id for each in outbox.erasures(1)] == [later]

    def test_an_erased_event_goes_as_any_other(self, home: Home, outbox: Outbox) -> None:
        event = replace(about("alice"), time=home.time())
        outbox.add([event])
        self.erase(outbox, event)
        home.advance(200)
        for _ in range(99):
            if not outbox.maintain({State.DELIVERED: 100.0, State.DEAD: 100.0}):
                break
        assert outbox.event(event.id) is None and list(outbox.of_event(event.id)) == []

    def test_whatever_happens_at_the_same_time_nothing_comes_back(self, home: Home) -> None:
        outboxes = [home.open() for _ in range(4)]
        events = [about("alice") for _ in range(60)]
        outboxes[0].add(events)
        start = threading.Barrier(4)
        claimed: list[Delivery] = []
        failures: list[BaseException] = []

        def run(own: Outbox, what: str) -> None:
            try:
                start.wait()
                if what == "erase":
                    erasure = own.begin_erasure("alice", "a test")
                    for number in range(0, 60, 5):
                        own.erase([each.id for each in events[number : number + 5]], erasure)
                elif what == "deliver":
                    for _ in range(20):
                        found = own.claim([ClaimRequest(LISTENER, 3)], LEASE, "t").deliveries
                        claimed.extend(found)
                        own.record([result(one, "give_up", detail=SAID) for one in found])
                elif what == "revive":
                    for _ in range(20):
                        own.revive(DeliveryQuery(), 5)
                else:
                    for number in range(0, 60, 5):
                        own.add_deliveries([Addition(each.id, OTHER) for each in events[number : number + 5]])
            except BaseException as error:
                failures.append(error)
                raise

        threads = [
            threading.Thread(target=run, args=(own, what))
            for own, what in zip(outboxes, ("erase", "deliver", "revive", "add"), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        outbox = outboxes[0]
        assert outbox.stats().pending == 0
        assert self.claim(outbox) == [] == self.claim(outbox, listener=OTHER)
        assert all(b"alice" not in each.report for each in outbox.events(EventQuery(), 99))
        details = [each.detail for one in claimed for each in outbox.attempts(one.id)]
        assert set(details) <= {REMOVED} and SAID not in {each.detail for each in outbox.health().values()}
        for each in outboxes:
            each.close()
