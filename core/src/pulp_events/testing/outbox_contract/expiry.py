"""Claims about deliveries that are not to be attempted after a certain time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pulp_events.outbox.records import EXPIRED, ClaimRequest, DeliveryQuery, NewDelivery, NewEvent
from pulp_events.outbox.states import State
from pulp_events.outbox.store import Outbox
from pulp_events.testing.outbox_contract.home import LEASE, LISTENER, OTHER, Home, Outboxes, new_event, result

WINDOW = 3600.0
KEEP = {State.DELIVERED: 1e9, State.DEAD: 1e9}
REQUESTS: tuple[dict[str, object], ...] = (
    {}, {"ordered": True}, {"window": WINDOW}, {"window": WINDOW, "ordered": True},
)  # fmt: skip


class ExpiryClaims(Outboxes):
    """Part of `OutboxContract`."""

    def expiring(self, home: Home, *seconds: float | None, target: str = "") -> NewEvent:
        """An event with a delivery for each of these, which expires so many seconds from now."""
        expires = [None if each is None else home.time() + each for each in seconds]
        return replace(
            new_event(), time=home.time(), deliveries=[NewDelivery(LISTENER, target, expires=each) for each in expires]
        )

    def dead(self, outbox: Outbox) -> list[str]:
        """The details of those that are dead."""
        return [one.detail for one in outbox.find(DeliveryQuery(state=State.DEAD), 5000)]

    def test_a_delivery_says_when_it_expires(self, home: Home, outbox: Outbox) -> None:
        event = self.expiring(home, 100, None)
        outbox.add([event])
        claimed = self.claim(outbox)
        for found in (claimed, list(outbox.of_event(event.id)), list(outbox.find(DeliveryQuery(), 9))):
            first, second = sorted(found, key=lambda one: one.id)
            assert first.expires is not None and 90 < first.expires.timestamp() - home.time() <= 100.001
            assert second.expires is None

    @pytest.mark.parametrize("number", [1, 3])
    def test_events_stored_one_by_one_and_together_expire(self, home: Home, outbox: Outbox, number: int) -> None:
        outbox.add([self.expiring(home, 10) for _ in range(number)])
        home.advance(11)
        assert self.claim(outbox) == []
        assert self.dead(outbox) == [EXPIRED] * number

    @pytest.mark.parametrize("options", REQUESTS, ids=str)
    @pytest.mark.parametrize("named", [False, True])
    def test_what_has_expired_is_dead_when_it_is_asked_for_and_what_has_not_is_claimed(
        self, home: Home, outbox: Outbox, options: dict[str, object], named: bool
    ) -> None:
        event = self.expiring(home, 10, None, 10_000)
        outbox.add([event])
        home.advance(4000)
        ids = [f"{event.id}.{n}" for n in range(3)] if named else None
        request = ClaimRequest(LISTENER, 10, ids=ids, **options)  # type: ignore[arg-type]
        claim = outbox.claim([request], LEASE, "t")
        assert [one.id for one in claim.deliveries] == [f"{event.id}.1", f"{event.id}.2"]
        [gone] = outbox.find(DeliveryQuery(state=State.DEAD), 9)
        assert (gone.id, gone.detail, gone.attempts) == (f"{event.id}.0", EXPIRED, 0)
        assert list(outbox.attempts(gone.id)) == []

    def test_who_got_less_since_some_had_expired_may_ask_again_at_once(self, home: Home, outbox: Outbox) -> None:
        outbox.add([*(self.expiring(home, 10) for _ in range(4)), new_event()])
        home.advance(11)
        taken: list[str] = []
        for _ in range(3):
            claim = outbox.claim([ClaimRequest(LISTENER, 3)], LEASE, "t")
            taken += [one.event_id for one in claim.deliveries]
            if claim.waits.get(LISTENER, 0.0) != 0.0:
                break
        assert len(taken) == 1 and self.dead(outbox) == [EXPIRED] * 4

    def test_cleaning_finds_what_nobody_claims(self, home: Home, outbox: Outbox) -> None:
        outbox.add([self.expiring(home, 10, None), new_event(OTHER)])
        assert not outbox.maintain(KEEP) and self.dead(outbox) == []
        home.advance(11)
        for _ in range(9):
            if not outbox.maintain(KEEP):
                break
        assert self.dead(outbox) == [EXPIRED]
        assert outbox.stats().pending == 2

    def test_what_is_being_attempted_is_not_expired_by_others_until_its_lease_ends(
        self, home: Home, outbox: Outbox
    ) -> None:
        outbox.add([self.expiring(home, 10), self.expiring(home, 10)])
        one, _ = self.claim(outbox)
        home.advance(11)
        outbox.maintain(KEEP)
        assert self.claim(outbox) == [] and self.dead(outbox) == []
        assert list(outbox.record([result(one, "succeed")])) == [True]
        home.advance(LEASE)
        outbox.maintain(KEEP)
        assert self.dead(outbox) == [EXPIRED] and outbox.stats().delivered == 1

    def test_whoever_holds_it_may_expire_it_and_nobody_else(self, home: Home, outbox: Outbox) -> None:
        outbox.add([self.expiring(home, 10), self.expiring(home, 10)])
        one, other = self.claim(outbox)
        outbox.expire([replace(one, lease="another")])
        assert self.dead(outbox) == []
        outbox.expire([one])
        [gone] = outbox.find(DeliveryQuery(state=State.DEAD), 9)
        assert (gone.id, gone.attempts, gone.detail) == (one.id, 0, EXPIRED)
        outbox.record([result(other, "succeed")])
        outbox.expire([other])
        assert len(self.dead(outbox)) == 1

    def test_a_retry_that_comes_too_late_is_none(self, home: Home, outbox: Outbox) -> None:
        outbox.add([self.expiring(home, 100)])
        [one] = self.claim(outbox)
        outbox.record([result(one, "postpone", 50)])
        home.advance(101)
        assert self.claim(outbox) == []
        assert self.dead(outbox) == [EXPIRED]
        assert len(outbox.attempts(one.id)) == 1

    def test_what_an_administrator_retries_does_not_expire_any_more(self, home: Home, outbox: Outbox) -> None:
        outbox.add([self.expiring(home, 10)])
        home.advance(11)
        assert self.claim(outbox) == []
        assert outbox.revive(DeliveryQuery(), 10) == 1
        outbox.maintain(KEEP)
        [again] = self.claim(outbox)
        assert again.expires is None

    def test_many_that_have_expired_are_dead_in_steps(self, home: Home, outbox: Outbox) -> None:
        outbox.add([self.expiring(home, *[10] * 500) for _ in range(5)])
        home.advance(11)
        for _ in range(9):
            if not outbox.maintain(KEEP):
                break
        assert outbox.stats().pending == 0 and outbox.stats().dead == 2500
