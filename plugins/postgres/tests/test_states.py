"""The table of states decides what this store does, and no statement knows better."""

from pulp_events.outbox import states
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery
from pulp_events.outbox.states import TRANSITIONS, State, Transition, Way
from pulp_events.testing.outbox_contract import LISTENER, new_event, result
from pulp_events_postgres import ledger


def test_the_store_does_what_the_table_says(place, monkeypatch):
    other = {**TRANSITIONS, Transition.REVIVE: Way(State.DELIVERED, State.DEAD)}
    after = states._AFTER_ATTEMPT
    monkeypatch.setitem(after, Transition.GIVE_UP, Way(State.PENDING, State.DELIVERED, leased_before=False))
    monkeypatch.setitem(after, Transition.SUCCEED, Way(State.DEAD, State.DELIVERED))
    monkeypatch.setattr(ledger, "TRANSITIONS", other)
    outbox = place.outbox()
    outbox.add([new_event() for _ in range(3)])

    def found():
        return [one.state for one in outbox.find(DeliveryQuery(), 9)][::-1]

    one, two, _ = outbox.claim([ClaimRequest(LISTENER, 3)], 60, "t").deliveries
    assert outbox.record([result(one, "give_up"), result(two, "succeed")]) == [True, False]
    assert found() == ["delivered", "pending", "pending"]
    assert outbox.revive(DeliveryQuery(), 9) == 1
    assert found() == ["dead", "pending", "pending"]
    outbox.close()
