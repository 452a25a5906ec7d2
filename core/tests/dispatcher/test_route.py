"""How much of a listener's backlog is claimed, and by how many turns it is served, as its route counts it."""

import pytest

from pulp_events.dispatcher.circuit import THRESHOLD
from pulp_events.dispatcher.claim_size import LARGEST_BATCH, LIMITED, ClaimSize
from pulp_events.dispatcher.route import PROBE
from pulp_events.dispatcher.routes import FORGOTTEN
from pulp_events.dispatcher.verdict import Verdict

SOMETHING = object()
"""A delivery or turn, of which only the number counts."""


@pytest.fixture
def routes(open_bus, clock):
    bus = open_bus("inline", clock)
    bus.listeners.create("scripted", {"name": "a"}, ["*"], lanes=8)
    bus.listeners.create("scripted", {"name": "in order"}, ["*"], lanes=1)
    found = bus.dispatcher._services.routes
    yield found, {one.notifier_config["name"]: one.id for one in bus.listeners.list()}
    for route in found.all():
        route.waiting.clear()
        route.turns.clear()


@pytest.fixture
def route(routes):
    found, ids = routes
    return found.get(ids["a"])


@pytest.fixture
def ordered(routes):
    found, ids = routes
    return found.get(ids["in order"])


@pytest.mark.parametrize("open_circuit", [False, True])
def test_in_an_order_nothing_is_claimed_while_anything_waits_or_is_under_way(ordered, clock, open_circuit):
    if open_circuit:
        ordered.circuit.failures = THRESHOLD
    assert ordered.claim_limit() == (1 if open_circuit else ordered.claim_size.batch)
    ordered.waiting.append(SOMETHING)
    assert ordered.claim_limit() == 0
    ordered.waiting.clear()
    ordered.turns.add(SOMETHING)
    assert ordered.claim_limit() == 0


def test_for_a_probe_no_more_is_claimed_than_one_of_each_kind(route):
    route.circuit.failures = THRESHOLD
    assert route.claim_limit() == PROBE == 2
    route.turns.add(SOMETHING)
    assert route.claim_limit() == 0
    route.turns.clear()
    route.waiting.append(SOMETHING)
    assert route.claim_limit() == 0


def test_as_much_is_claimed_as_its_lanes_send_in_a_moment_and_never_more_than_the_largest_batch(route):
    route.claim_size.batch, route.claim_size.lanes = 5, 3
    assert route.claim_limit() == 15
    route.claim_size.batch, route.claim_size.lanes = LARGEST_BATCH, 8
    assert route.claim_limit() == LARGEST_BATCH


def test_nothing_is_claimed_while_more_than_a_quarter_of_the_last_claim_is_left(route):
    route.last_claimed = 8
    route.waiting.extend([SOMETHING] * 2)
    assert route.claim_limit() > 0
    route.waiting.append(SOMETHING)
    assert route.claim_limit() == 0


def test_a_pipeline_is_filled_again_once_half_of_it_is_free(route):
    route.in_flight = 20
    route.waiting.extend([SOMETHING] * 10)
    assert route.claim_limit() == 20
    route.waiting.append(SOMETHING)
    assert route.claim_limit() == 0


def test_a_listener_that_is_left_alone_for_a_while_gets_no_turn(route, clock):
    assert route.lanes_wanted(clock.monotonic()) == 1
    route.paused_until = clock.monotonic() + 5
    assert route.lanes_wanted(clock.monotonic()) == 0
    clock.advance(6)
    assert route.lanes_wanted(clock.monotonic()) == 1


@pytest.mark.parametrize("why", ["circuit", "window", "in_flight"])
def test_a_probe_a_window_and_a_pipeline_have_one_turn_however_slow_the_endpoint(route, clock, why):
    route.claim_size.lanes = 4
    assert route.lanes_wanted(clock.monotonic()) == 4
    if why == "circuit":
        route.circuit.failures = THRESHOLD
    else:
        setattr(route, why, 20)
    assert route.lanes_wanted(clock.monotonic()) == 1


def test_what_left_together_counts_once_for_the_circuit_and_what_left_after_it_again(route, clock):
    failed = Verdict("transient", "503")
    for group in ("first", "first", "first", "second"):
        route.learn(failed, clock.monotonic(), group)
    assert route.circuit.failures == 2
    for _ in range(2):
        route.learn(failed, clock.monotonic(), None)
    assert route.circuit.failures == 4


def test_a_receiver_that_asked_for_time_is_served_one_by_one_for_so_many_deliveries():
    size = ClaimSize(batch=50, lanes=4)
    size.limit()
    assert (size.lanes, size.is_limited) == (1, True)
    size.learn(LIMITED - 1, wall=100.0, cpu=0.0, most_lanes=8)
    assert (size.lanes, size.is_limited) == (1, True)
    size.learn(1, wall=1.0, cpu=0.0, most_lanes=8)
    assert (size.lanes, size.is_limited) == (2, False)


def test_a_route_is_let_go_of_once_nothing_went_over_it_for_long(routes, clock):
    found, ids = routes
    kept, unused = (found.get(ids[name]) for name in ("a", "in order"))
    kept.waiting.append(SOMETHING)
    clock.advance(FORGOTTEN - 1)
    found.forget_unused()
    assert {kept, unused} <= set(found.all())
    clock.advance(1)
    found.forget_unused()
    assert found.all() == [kept], "what waits there would be lost until its lease ends"


def test_a_receiver_that_asked_for_a_long_pause_has_it_though_nothing_goes_that_way_meanwhile(routes, clock):
    found, ids = routes
    route = found.get(ids["a"])
    route.paused_until = clock.monotonic() + 3 * FORGOTTEN
    clock.advance(2 * FORGOTTEN)
    found.forget_unused()
    assert found.get(ids["a"]) is route
