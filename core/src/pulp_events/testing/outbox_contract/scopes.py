"""Claims about deliveries and the scopes of their events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pulp_events.outbox.activity import By
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.rate import Rate
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery, NewEvent
from pulp_events.outbox.states import State, Transition
from pulp_events.outbox.store import CountsWhatHappens, Outbox
from pulp_events.outbox.stored_event import EventQuery
from pulp_events.testing.outbox_contract.home import LEASE, LISTENER, OTHER, Home, Outboxes, new_event, result

WINDOW = 60.0
SCOPES = (None, "domain-a", "Bereich ä 'x' %s", "{a,b}", "NULL", "x" * 200)


def with_scopes(*listeners: str) -> list[NewEvent]:
    """An event for each of the scopes."""
    return [replace(new_event(*listeners), scope=scope) for scope in SCOPES]


def about_listeners(*listeners: str) -> list[NewEvent]:
    """An event for each of the scopes, and of each that tells of listeners of: an administrator, two others."""
    return [
        replace(new_event(*listeners), scope=scope, about_author=author)
        for scope in SCOPES
        for author in ("", "alice", "Böb %s \\")
    ]


def told(deliveries: Sequence[Delivery]) -> dict[str, tuple[str | None, bool, str | None]]:
    """What deliveries say of the scopes and origins of their events, by the event's id."""
    return {each.event_id: (each.scope, each.scope_known, each.about_author) for each in deliveries}


class ScopeClaims(Outboxes):
    """Part of `OutboxContract`."""

    def test_a_delivery_says_the_scope_of_its_event_however_it_is_claimed_or_found(
        self, home: Home, outbox: Outbox
    ) -> None:
        began = home.time() // WINDOW * WINDOW - 2 * WINDOW
        stored = [replace(each, time=began + n) for n, each in enumerate([*with_scopes(), *about_listeners()])]
        outbox.add(stored[:-1])
        outbox.add(stored[-1:])
        expected = {each.id: (each.scope, True, each.about_author) for each in stored}
        ids = [f"{each.id}.0" for each in stored]
        requests = (
            ClaimRequest(LISTENER, 99),
            ClaimRequest(LISTENER, 99, ordered=True),
            ClaimRequest(LISTENER, 99, ids=ids),
            ClaimRequest(LISTENER, 99, ordered=True, ids=ids),
            ClaimRequest(LISTENER, 99, window=WINDOW),
            ClaimRequest(LISTENER, 99, window=WINDOW, ids=ids),
            ClaimRequest(LISTENER, 99, rate=Rate(1000, 1.0)),
        )
        for request in requests:
            claimed = outbox.claim([request], LEASE, "t").deliveries
            assert told(claimed) == expected, request
            outbox.release(claimed)
            home.advance(1)
        again = outbox.claim([ClaimRequest(LISTENER, 99)], LEASE, "t").deliveries
        home.advance(LEASE + 1)
        for _ in again:  # what was lost comes alone
            [lost] = outbox.claim([ClaimRequest(LISTENER, 99)], LEASE, "t").deliveries
            assert told([lost]) == {lost.event_id: expected[lost.event_id]}
            outbox.record([result(lost, "postpone", 5)])
        home.advance(6)
        retried = outbox.claim([ClaimRequest(LISTENER, 99)], LEASE, "t").deliveries
        assert told(retried) == expected
        second = home.open()
        assert told(second.find(DeliveryQuery(), 99)) == expected
        assert told([one for each in stored for one in second.of_event(each.id)]) == expected
        second.close()

    def test_deliveries_are_found_counted_and_changed_by_the_scope_of_their_event(self, outbox: Outbox) -> None:
        stored = [*with_scopes(LISTENER, OTHER), replace(new_event(event_type="other"), scope="domain-a")]
        outbox.add(stored)
        for scope in (*SCOPES, "no such"):
            query = DeliveryQuery(listener_id=LISTENER, scope=scope, without_scope=scope is None)
            fit = {each.id for each in stored if each.scope == scope}
            assert {each.event_id for each in outbox.find(query, 9)} == fit
            assert outbox.count(query) == len(fit)
        query = DeliveryQuery(scope="domain-a", not_event_types=["other", "no such"])
        assert {each.event_id for each in outbox.find(query, 9)} == {stored[1].id}
        assert outbox.discard(query, "by its scope", 9) == 2 and outbox.stats().dead == 2
        assert outbox.revive(replace(query, scope="NULL"), 9) == 0 and outbox.revive(query, 9) == 2
        for one in self.claim(outbox, 9):
            outbox.record([result(one, "postpone", 60)])
        assert outbox.hasten(query, 9) == 1 and outbox.hasten(query, 9) == 0
        assert outbox.discard(DeliveryQuery(without_scope=True), "without", 9) == 2
        assert outbox.purge(DeliveryQuery(scope="domain-a"), 9) == 0
        assert outbox.purge(DeliveryQuery(without_scope=True), 9) == 2

    def test_events_about_listeners_are_found_by_their_scope_and_apart_by_whose_listener(self, outbox: Outbox) -> None:
        plain = with_scopes()
        about = [replace(each, event_type="listener.failing") for each in about_listeners()]
        by_hand = [replace(each, id=f"by-hand-{n}", event_type="listener.failing") for n, each in enumerate(plain)]
        outbox.add([*plain, *about, *by_hand])
        for scope in (*SCOPES, "domain", "no such"):
            which: dict[str, Any] = {"scope": scope, "without_scope": scope is None}
            everything = {each.id for each in (*plain, *about, *by_hand) if each.scope == scope}
            assert {each.event_id for each in outbox.find(DeliveryQuery(**which), 99)} == everything
            found = outbox.events(EventQuery(**which), 99)
            assert {each.id for each in found} == everything
            assert {each.id: each.about_author for each in found if each.about_author is not None} == {
                each.id: each.about_author for each in about if each.scope == scope
            }
            for names in ([], ["alice"], ["alice", "Böb %s \\"], ["", "nobody"]):
                query = DeliveryQuery(**which, heard_by=names)
                his = {each.id for each in plain if each.scope == scope}
                his |= {each.id for each in about if each.scope == scope and each.about_author in {*names} - {""}}
                assert {each.event_id for each in outbox.find(query, 99)} == his
                assert outbox.count(query) == len(his)
        query = DeliveryQuery(scope="domain-a", heard_by=["alice"])
        assert outbox.discard(query, "his", 99) == 2 and outbox.revive(query, 99) == 2

    def test_whoever_holds_it_may_withhold_it_and_nobody_else(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event(), new_event(), new_event()])
        one, other, third = self.claim(outbox)
        outbox.withhold([replace(one, lease="another")], "not his")
        assert outbox.stats().dead == 0
        outbox.withhold([one, third], "of another scope")
        gone = outbox.find(DeliveryQuery(state=State.DEAD), 9)
        assert [(each.id, each.attempts, each.lease) for each in gone] == [(third.id, 0, None), (one.id, 0, None)]
        assert all(each.detail == "of another scope" and each.finished for each in gone)
        assert list(outbox.attempts(one.id)) == []
        outbox.record([result(other, "succeed")])
        outbox.withhold([other], "too late")
        outbox.withhold([], "nothing")
        assert (outbox.stats().dead, outbox.stats().delivered, outbox.stats().pending) == (2, 1, 0)
        moment = gone[0].finished
        assert moment is not None and outbox.health().keys() == {LISTENER}
        if isinstance(outbox, CountsWhatHappens):
            activity = outbox.activity(moment.replace(year=moment.year - 1), None, By.LISTENER)
            assert activity.groups[LISTENER].ended[Transition.BURY] == 2
        assert outbox.revive(DeliveryQuery(), 9) == 2
        assert [each.id for each in self.claim(outbox)] == [one.id, third.id]
