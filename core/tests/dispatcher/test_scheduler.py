"""What a thread does next, and what becomes of what was claimed and is not to be sent now."""

import pytest

A = "repo.sync.start"


@pytest.mark.parametrize("lanes", [1, 4])
def test_what_was_claimed_for_a_listener_that_is_disabled_is_given_back_together(
    open_bus, clock, scripted, monkeypatch, lanes
):
    other = open_bus("external")
    listener = other.listeners.create("scripted", {"name": "a"}, [A], lanes=lanes)
    other.emit_many([(A, {})] * 50)
    scripted.behaviour["a"] = lambda *_: other.listeners.disable(listener.id)
    bus = open_bus("inline", clock)
    claim, release, claimed, given_back = bus.outbox.claim, bus.outbox.release, [], []

    def watched_claim(*arguments):
        found = claim(*arguments)
        claimed.extend(found.deliveries)
        return found

    def watched_release(deliveries):
        given_back.append(len(deliveries))
        release(deliveries)

    monkeypatch.setattr(bus.outbox, "claim", watched_claim)
    monkeypatch.setattr(bus.outbox, "release", watched_release)
    assert bus.deliver_due() == 1
    assert {one.lease for one in other.deliveries.list(limit=100)} == {None}
    assert len(claimed) > 3
    assert sum(given_back) == len(claimed) - 1
    assert len(given_back) <= 2, "the next one, and all that wait behind it"


@pytest.mark.parametrize(("lanes", "worth", "another"), [(4, 4, True), (4, 1, False), (1, 4, False)])
def test_another_thread_is_woken_for_a_listener_only_while_it_is_worth_more_lanes(
    open_bus, scripted, eventually, lanes, worth, another
):
    bus = open_bus()
    listener = bus.listeners.create("scripted", {"name": "a"}, [A], lanes=lanes)
    scripted.behaviour["a"] = scripted.hang
    bus.emit(A)
    eventually(lambda: scripted.calls)
    scheduler, route = bus.dispatcher._scheduler, bus.dispatcher._routes.get(listener.id)
    route.claim_size.lanes = worth

    def told():
        with scheduler.lock:  # whoever claims looks again, so nobody is woken for what comes meanwhile
            return None if scheduler._claiming else [scheduler.due_now([listener.id])]

    assert eventually(told) == [another]
