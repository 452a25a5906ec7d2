"""Claims about what concerns a listener as a whole: its configuration was changed, and how it stands."""

from __future__ import annotations

from pulp_events.outbox.rate import Rate
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery
from pulp_events.outbox.spread import LONGEST, PAGE
from pulp_events.outbox.standing import Hold, HoldCause
from pulp_events.outbox.states import State
from pulp_events.outbox.store import Outbox
from pulp_events.testing.outbox_contract.home import LEASE, LISTENER, OTHER, Home, Outboxes, new_event, result


def _dice() -> float:
    return 0.5


class StandingClaims(Outboxes):
    """Claims about what concerns a listener as a whole: its configuration was changed, and how it stands."""

    def test_a_changed_configuration_makes_due_what_waits_for_its_retry(self, home: Home, outbox: Outbox) -> None:
        self.postponed(outbox, LISTENER, [36000.0])
        self.postponed(outbox, OTHER, [36000.0])
        self.remember(outbox, {LISTENER: "a", OTHER: "b"})  # they were not known: see the next claims
        for listener in (LISTENER, OTHER):
            home.advance(LONGEST)
            [one] = self.claim(outbox, listener=listener)
            outbox.record([result(one, "postpone", 36000.0)])
        self.remember(outbox, {LISTENER: "a", OTHER: "b"})
        assert min(self.waits(home, outbox)) > 35000.0, "nothing was changed"
        self.remember(outbox, {LISTENER: "c", OTHER: "b"})
        assert outbox.ready()[LISTENER] <= LONGEST and outbox.ready()[OTHER] > 35000.0
        home.advance(LONGEST)
        [again] = self.claim(outbox)
        assert (again.attempts, again.forgiven) == (3, 0), "its attempts count, so that its schedule goes on"

    def test_what_becomes_due_does_so_one_after_the_other_in_its_order(self, home: Home, outbox: Outbox) -> None:
        waits = [3600.0 + 1e-3 * number for number in range(50)]
        ids = self.postponed(outbox, LISTENER, waits)
        self.remember(outbox, {LISTENER: "a"})
        found = {each.id: each.due for each in outbox.find(DeliveryQuery(), 99)}
        moments = [moment.timestamp() for each in ids if (moment := found[each]) is not None]
        assert moments == sorted(moments) and len(set(moments)) == 50
        assert home.time() - 5.0 < moments[0] and 3.0 < moments[-1] - moments[0] < LONGEST
        gaps = [later - sooner for sooner, later in zip(moments, moments[1:], strict=False)]
        assert max(gaps) - min(gaps) < 0.01, "evenly"

    def test_what_left_together_is_due_together_still(self, home: Home, outbox: Outbox) -> None:
        ids = self.postponed(outbox, LISTENER, [7200.0, 7200.0, 9000.0])
        self.remember(outbox, {LISTENER: "a"})
        due = {each.id: each.due for each in outbox.find(DeliveryQuery(), 9)}
        assert due[ids[0]] == due[ids[1]] != due[ids[2]]

    def test_what_is_due_soon_or_attempted_or_new_or_finished_is_left_alone(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(5)])
        soon, later, dead, held = self.claim(outbox, limit=4)
        outbox.record([result(soon, "postpone", LONGEST / 2), result(dead, "give_up")])
        outbox.record([result(later, "postpone", 7200.0)])
        outbox.extend([held], 7200.0)
        before = {each.id: (each.state, each.due, each.lease) for each in outbox.find(DeliveryQuery(), 9)}
        self.remember(outbox, {LISTENER: "a"})
        after = {each.id: (each.state, each.due, each.lease) for each in outbox.find(DeliveryQuery(), 9)}
        assert {each for each in before if before[each] != after[each]} == {later.id}
        assert list(outbox.record([result(held, "succeed")])) == [True]

    def test_a_listener_that_is_disabled_is_remembered_and_enabling_it_is_a_change(
        self, home: Home, outbox: Outbox
    ) -> None:
        self.remember(outbox, {LISTENER: "a"})
        self.postponed(outbox, LISTENER, [36000.0])
        self.remember(outbox, {LISTENER: ""})
        assert outbox.ready()[LISTENER] > 35000.0
        self.remember(outbox, {LISTENER: "a"})
        assert outbox.ready()[LISTENER] <= LONGEST

    def test_forgetting_a_listener_is_a_change_and_ends_its_hold(self, home: Home, outbox: Outbox) -> None:
        self.remember(outbox, {LISTENER: "a"})
        self.postponed(outbox, LISTENER, [36000.0])
        outbox.hold({LISTENER: Hold(HoldCause.CIRCUIT, home.time() + 60)})
        outbox.forget_health(LISTENER)
        assert outbox.standing([LISTENER])[LISTENER].hold is None
        self.remember(outbox, {LISTENER: "a"})
        assert outbox.ready()[LISTENER] <= LONGEST

    def test_many_are_made_due_page_by_page_and_whoever_is_killed_amid_it_leaves_the_rest_to_the_next(
        self, home: Home
    ) -> None:
        first, second = home.open(), home.open()
        self.postponed(first, LISTENER, [7200.0] * (PAGE + 5))
        assert first.renew({LISTENER: "a"}, _dice) is True  # and no more: it was killed
        assert sum(wait > LONGEST for wait in self.waits(home, second)) == 5
        self.remember(second, {LISTENER: "a"})
        assert max(self.waits(home, second)) <= LONGEST
        for each in (first, second):
            each.close()

    def test_looking_whether_anything_was_changed_costs_the_same_however_much_waits(
        self, home: Home, outbox: Outbox
    ) -> None:
        self.postponed(outbox, LISTENER, [30.0] * 10)
        self.remember(outbox, {LISTENER: "a"})

        def look() -> None:
            assert outbox.renew({LISTENER: "a"}, _dice) is False

        few = home.work(outbox, look)
        self.postponed(outbox, LISTENER, [30.0] * 300)
        assert home.work(outbox, look) <= 2 * few + 5

    def test_it_is_told_until_when_a_listener_is_left_alone(self, home: Home, outbox: Outbox) -> None:
        until = float(int(home.time()) + 300)
        second = home.open()
        outbox.hold({LISTENER: Hold(HoldCause.CIRCUIT, until), OTHER: Hold(HoldCause.PAUSE, until + 1)})
        stands = second.standing([LISTENER, OTHER, "c" * 24])
        assert stands[LISTENER].hold == Hold(HoldCause.CIRCUIT, until)
        assert stands[OTHER].hold == Hold(HoldCause.PAUSE, until + 1) and stands["c" * 24].hold is None
        outbox.hold({LISTENER: None, "c" * 24: None})
        assert second.standing([LISTENER])[LISTENER].hold is None
        self.remember(outbox, {OTHER: "another"})
        assert second.standing([OTHER])[OTHER].hold is None, "it is changed, and attempted again"
        assert second.notes("") == {}
        second.close()

    def test_lifting_ends_a_hold_and_everybody_who_delivers_finds_that_it_was_done(
        self, home: Home, outbox: Outbox
    ) -> None:
        until = home.time() + 300
        second = home.open()
        assert outbox.lifted([LISTENER, OTHER]) == {}
        outbox.hold({LISTENER: Hold(HoldCause.CIRCUIT, until), OTHER: Hold(HoldCause.PAUSE, until)})
        outbox.changed()
        second.lift([LISTENER])
        assert outbox.changed()
        stands = outbox.standing([LISTENER, OTHER])
        assert stands[LISTENER].hold is None and stands[OTHER].hold is not None
        once = outbox.lifted([LISTENER, OTHER])
        assert [*once] == [LISTENER]
        second.lift([LISTENER])
        assert outbox.lifted([LISTENER])[LISTENER] not in (once[LISTENER], ""), "each call is told"
        outbox.forget_health(LISTENER)
        assert outbox.lifted([LISTENER]) == {} and outbox.notes("") == {}
        second.close()

    def test_the_oldest_pending_delivery_is_told_and_what_a_rate_allows(self, home: Home, outbox: Outbox) -> None:
        assert outbox.standing([LISTENER], [LISTENER])[LISTENER].first is None
        [one, two] = self.postponed(outbox, LISTENER, [3600.0, 100.0])
        outbox.add([new_event()])
        stands = outbox.standing([LISTENER, OTHER], [LISTENER])
        assert stands[LISTENER].first == one and stands[OTHER].first is None
        due = stands[LISTENER].first_due
        assert due is not None and abs(due.timestamp() - home.time() - 3600.0) < 5.0
        assert stands[LISTENER].spent_until is None
        outbox.discard(DeliveryQuery(ids=[one]), "gone", 9)
        assert outbox.standing([LISTENER], [LISTENER])[LISTENER].first == two
        outbox.discard(DeliveryQuery(ids=[two]), "gone", 9)
        [left] = outbox.find(DeliveryQuery(state=State.PENDING), 9)
        stand = outbox.standing([LISTENER], [LISTENER])[LISTENER]
        assert stand.first == left.id and stand.first_due is None
        outbox.claim([ClaimRequest(LISTENER, 1, rate=Rate.of("1/h"))], LEASE, "t9")
        stand = outbox.standing([LISTENER], [LISTENER])[LISTENER]
        assert stand.spent_until is not None and 3500.0 < stand.spent_until - home.time() < 3700.0
        assert stand.first == left.id and stand.first_due is not None, "it is being attempted"

    def test_it_is_told_whose_a_hold_is(self, home: Home, outbox: Outbox) -> None:
        until = float(int(home.time()) + 300)
        for held in (Hold(HoldCause.SECRET, until, "a" * 16), Hold(HoldCause.PAUSE, until)):
            outbox.hold({LISTENER: held})
            assert outbox.standing([LISTENER])[LISTENER].hold == held

    def test_what_is_due_is_told_in_the_order_of_its_events(self, home: Home, outbox: Outbox) -> None:
        later, sooner = self.postponed(outbox, LISTENER, [3600.0, 100.0])
        outbox.add([new_event()])
        [new] = [each.id for each in outbox.find(DeliveryQuery(), 9) if each.id not in (later, sooner)]
        assert outbox.standing([LISTENER], [LISTENER])[LISTENER].queue == []
        assert outbox.standing([LISTENER, OTHER], [], [LISTENER])[LISTENER].queue == [new]
        home.advance(101.0)
        outbox.add([new_event(OTHER)])
        assert outbox.standing([LISTENER], [], [LISTENER])[LISTENER].queue == [sooner, new]
        [taken] = self.claim(outbox, limit=1)
        left = [each for each in (sooner, new) if each != taken.id]
        assert outbox.standing([LISTENER], [], [LISTENER])[LISTENER].queue == left, "one is being attempted"

    def postponed(self, outbox: Outbox, listener: str, waits: list[float]) -> list[str]:
        """Store an event with so many deliveries, of which each failed once; returns their ids."""
        outbox.add([new_event(listener, targets=[str(number) for number in range(len(waits))])])
        taken = self.claim(outbox, limit=len(waits), listener=listener, token=f"postponed {len(waits)}")
        outbox.record([result(one, "postpone", wait) for one, wait in zip(taken, waits, strict=True)])
        return [one.id for one in taken]

    @staticmethod
    def remember(outbox: Outbox, configurations: dict[str, str]) -> None:
        """All of it."""
        while outbox.renew(configurations, _dice):
            pass

    @staticmethod
    def waits(home: Home, outbox: Outbox) -> list[float]:
        """Seconds until each pending delivery is due."""
        now = home.time()
        found = outbox.find(DeliveryQuery(state=State.PENDING), 10_000)
        return [0.0 if each.due is None else each.due.timestamp() - now for each in found]
