"""A listener gets the stored events that it would have got, each once, whatever happens in between."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events import EventBus, EventsError, ListenerNotFound, PermanentFailure, TransientFailure
from pulp_events.bus.backfilling import Backfill, Backfilled
from pulp_events.outbox.rate import Rate
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.outbox_contract import new_event

TYPES = ("repo.sync.start", "repo.sync.finish", "repo.publish.start")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def bus(recording_bus, clock):
    conf = "[events]\nkeep = all\nkeep_for = 90d\n[delivery]\nkeep_delivered = 1h\n"
    return recording_bus(conf, clock=clock)


@pytest.fixture
def since(clock):
    return datetime.fromtimestamp(clock.time(), UTC) - timedelta(days=2)


def new(bus, *event_types, name="new", **options):
    return bus.listeners.create("recording", {"name": name}, [*event_types], name=name, **options)


def last(steps):
    found = None
    for found in steps:  # noqa: B007
        pass
    return found


def got(bus, listener):
    return [each.event_id for each in bus.deliveries.list(DeliveryQuery(listener_id=listener.id), limit=500)][::-1]


def test_a_new_listener_gets_what_it_would_have_got_in_order(bus, recording, clock, since):
    emitted = []
    for number in range(9):
        clock.advance(1)
        emitted.append(bus.emit(TYPES[number % 3], {"n": number}))
    listener = new(bus, "repo.sync.*", filter="payload.n > `2` && length(keys(payload)) == `1`")
    clock.advance(1)
    assert last(bus.backfill("new", since=since)) == Backfilled(added=4)
    wanted = [each.id for each in emitted if each.event_type.startswith("repo.sync") and each.payload["n"] > 2]
    assert got(bus, listener) == wanted
    assert bus.deliver_due() == 4
    assert [event.id for event, _ in recording.calls] == wanted


@pytest.mark.parametrize("filter", [None, "payload.n == `1`"])
def test_one_that_was_broken_off_is_continued_where_it_was(bus, clock, since, filter):
    bus.emit_many([(TYPES[0], {"n": number % 7}) for number in range(1000)])
    clock.advance(1)
    listener, until = new(bus, "#", filter=filter), datetime.fromtimestamp(clock.time(), UTC)
    added, place = 0, 0
    for _ in range(20):
        for step in bus.backfill(listener.id, since=since, until=until, after=place):
            if step.place > place:
                break  # as somebody who has no more time
        assert step.there == 0  # it looked at nothing again
        added, place = added + step.added, step.place
    wanted = 1000 if filter is None else sum(number % 7 == 1 for number in range(1000))
    assert added == wanted == bus.deliveries.count(DeliveryQuery(listener_id=listener.id))


def test_made_again_it_adds_nothing_and_says_so(bus, clock, since):
    bus.emit(TYPES[0])
    clock.advance(1)
    listener = new(bus, "#")
    assert last(bus.backfill(listener.id, since=since)) == Backfilled(added=1)
    for _ in range(2):
        clock.advance(1)
        assert last(bus.backfill(listener.id, since=since)) == Backfilled(there=1)
        bus.deliver_due()
    assert len(got(bus, listener)) == 1


@pytest.mark.parametrize("ending", ["delivered", "dead", "pending"])
def test_what_was_emitted_to_it_is_not_added_whatever_became_of_it(bus, recording, clock, since, ending):
    def act(event, config):
        if ending != "delivered":
            raise (PermanentFailure if ending == "dead" else TransientFailure)("503")

    recording.act = act
    listener = new(bus, "repo.sync.start")
    bus.emit(TYPES[0])
    bus.emit(TYPES[1])
    clock.advance(1)
    bus.listeners.update("new", event_types=["repo.sync.*"])
    assert last(bus.backfill("new", since=since)) == Backfilled(added=1, there=1)
    assert len(got(bus, listener)) == 2
    assert bus.deliveries.list()[-1].state == ending


def test_only_the_time_that_is_asked_for_is_filled(bus, clock, since):
    emitted = []
    for _ in range(5):
        emitted.append(bus.emit(TYPES[0]))
        clock.advance(10)
    listener = new(bus, "*")
    steps = bus.backfill("new", since=emitted[1].time, until=emitted[3].time)
    assert last(steps).added == 2
    assert got(bus, listener) == [emitted[1].id, emitted[2].id]


def test_a_dry_run_counts_and_adds_nothing(bus, clock, since):
    listener = new(bus, "repo.sync.start")
    for kind in TYPES:
        bus.emit(kind)
    clock.advance(1)
    bus.listeners.update("new", event_types=["#"])
    assert last(bus.backfill("new", since=since, dry_run=True)) == Backfilled(added=2, there=1)
    assert len(got(bus, listener)) == 1 and bus.outbox.notes("") == {}


@given(cuts=st.lists(st.integers(1, 4), max_size=6), rate=st.sampled_from([None, Rate(1000, 1.0), Rate(4, 1.0)]))
def test_cut_off_anywhere_and_made_again_each_event_is_added_once(tmp_path_factory, cuts, rate):
    folder = tmp_path_factory.mktemp("cut")
    clock = FakeClock(wall=1_800_000_000.0)
    with EventBus.open(data_dir=folder, deliver="external", plugins=False, clock=clock) as bus:
        stored = [replace(new_event(event_type=TYPES[n % 3]), id=f"e{n}", deliveries=()) for n in range(17)]
        bus.outbox.add(stored)
        listener = Listener(["repo.sync.*"])

        def run():
            moments = (datetime.fromtimestamp(0, UTC), datetime.fromtimestamp(clock.time(), UTC))
            return Backfill(bus.outbox, lambda: listener, lambda found: None, *moments, rate, clock=clock,
                            monotonic=clock.monotonic, sleep=clock.advance).run()  # fmt: skip

        for steps in cuts:
            running = run()
            for _ in range(steps):
                next(running, None)
            running.close()
        done = last(run())
        found = bus.deliveries.list(DeliveryQuery(listener_id=listener.id), limit=99)
        assert sorted(each.event_id for each in found) == sorted(
            each.id for each in stored if each.event_type.startswith("repo.sync")
        )
        assert done.added + done.there == len(found) == 12 and done.unknown == 0


class Listener:
    """What a backfill asks of one."""

    id = "c" * 24
    hears_all = True
    scope = None
    filter = None
    expires = None
    created = datetime(2026, 1, 1, tzinfo=UTC)

    def __init__(self, event_types, targets=("",)):
        self.event_types = event_types
        self.targets = targets


def test_a_rate_adds_so_many_in_a_time_and_new_events_are_delivered_in_between(bus, clock, since):
    old = [bus.emit(TYPES[0]) for _ in range(30)]
    clock.advance(1)
    listener = new(bus, "*")
    began = clock.monotonic()
    until = datetime.fromtimestamp(clock.time(), UTC)
    fresh, when, waits = [], [], 0

    def sleep(seconds):
        nonlocal waits
        waits += 1
        clock.advance(seconds)
        if waits % 3 == 0:
            fresh.append(bus.emit(TYPES[1]).id)  # inline: delivered before it returns
            assert bus.deliveries.list(DeliveryQuery(event_id=fresh[-1]))[0].state == State.DELIVERED

    steps = Backfill(
        bus.outbox, lambda: bus.listeners.get(listener.id), lambda found: None, since, until, Rate(10, 1.0),
        clock=clock, monotonic=clock.monotonic, sleep=sleep,
    ).run()  # fmt: skip
    for step in steps:
        when.append((clock.monotonic() - began, step.added))
    assert len(fresh) >= 4 and when[-1][1] == 30
    for passed, added in when:
        assert added <= 10 * passed + 2 + 1e-6, when
    assert 2.5 <= when[-1][0] <= 3.0
    assert [each for each in got(bus, listener) if each not in fresh] == [each.id for each in old]


def test_older_events_go_before_new_ones_that_wait(bus, recording, clock, since):
    old = [bus.emit(TYPES[0]) for _ in range(3)]
    clock.advance(1)
    listener = new(bus, "*", enabled=False)
    fresh = bus.emit(TYPES[0])
    assert last(bus.backfill("new", since=since, until=fresh.time)).added == 3
    bus.listeners.enable(listener.id)
    bus.deliver_due()
    assert [event.id for event, _ in recording.calls] == [each.id for each in (*old, fresh)]


def test_deliveries_that_were_deleted_since_are_not_added_again(bus, clock, since):
    other = new(bus, "repo.sync.start", name="other")
    early = [bus.emit(TYPES[0]) for _ in range(3)]
    clock.advance(2)
    listener = new(bus, "repo.sync.*")
    late = [bus.emit(kind) for kind in (TYPES[0], TYPES[1])]
    clock.advance(2)
    assert last(bus.backfill("new", since=since)) == Backfilled(added=3, there=2)
    bus.deliver_due()
    clock.advance(7200)
    assert sum(bus.deliveries.purge(DeliveryQuery(state=State.DELIVERED))) == 9
    clock.advance(1)
    assert last(bus.backfill("new", since=since)) == Backfilled(unknown=5)
    assert got(bus, listener) == [] and len(early) + len(late) == 5
    # The other never was filled, and did not exist before these: what it has had is what was emitted since.
    assert last(bus.backfill(other.id, since=since)) == Backfilled(unknown=4)
    third = new(bus, "#", name="third")
    assert last(bus.backfill("third", since=since)).added == 5
    assert len(got(bus, third)) == 5


def test_a_killed_one_goes_on_where_deliveries_were_deleted(bus, clock, since, monkeypatch):
    monkeypatch.setattr("pulp_events.bus.backfilling.PAGE", 2)
    new(bus, "*", name="other")
    for _ in range(6):
        bus.emit(TYPES[0])
    clock.advance(7200)
    bus.deliver_due()
    assert sum(bus.deliveries.purge(DeliveryQuery(state=State.DELIVERED))) == 6
    listener = new(bus, "*")
    clock.advance(1)
    running = bus.backfill("new", since=since)
    while next(running).added < 2:
        pass
    running.close()
    bus.deliver_due()
    clock.advance(7200)
    assert sum(bus.deliveries.purge(DeliveryQuery(state=State.DELIVERED))) >= 2
    done = last(bus.backfill("new", since=since))
    assert done.added + done.unknown == 6 and done.unknown in (2, 3), "what it was offered before is passed over"
    assert len(got(bus, listener)) == done.added


def test_what_has_expired_for_the_listener_is_passed_over(bus, clock, since):
    bus.emit(TYPES[0])
    clock.advance(100)
    fresh = bus.emit(TYPES[0])
    clock.advance(1)
    listener = new(bus, "*", expires=50.0)
    assert last(bus.backfill("new", since=since)) == Backfilled(added=1, expired=1)
    assert got(bus, listener) == [fresh.id]


def test_every_target_gets_its_delivery(bus, clock, since):
    bus.emit(TYPES[0])
    clock.advance(1)
    listener = Listener(["*"], targets=("x", "y"))
    until = datetime.fromtimestamp(clock.time(), UTC)
    for expected in (Backfilled(added=2), Backfilled(there=2)):
        assert last(Backfill(bus.outbox, lambda: listener, lambda found: None, since, until).run()) == expected
    assert {each.target for each in bus.deliveries.list()} == {"x", "y"}


def test_what_leaves_together_is_added_together_whatever_the_rate(bus, clock, since):
    for _ in range(7):
        bus.emit(TYPES[0])
        clock.advance(20)
    listener = Listener(["*"])
    until = datetime.fromtimestamp(clock.time(), UTC)
    steps = Backfill(
        bus.outbox, lambda: listener, lambda found: 60.0, since, until, Rate(1, 1.0),
        monotonic=clock.monotonic, sleep=clock.advance,
    ).run()  # fmt: skip
    sizes, before = [], 0
    for step in steps:
        sizes += [step.added - before] if step.added > before else []
        before = step.added
    windows = Counter(int(each.event_time.timestamp() // 60) for each in bus.deliveries.list())
    assert sizes == [windows[key] for key in sorted(windows)] and len(sizes) in (3, 4)


def test_a_listener_that_is_deleted_meanwhile_gets_nothing_more(bus, clock, since, monkeypatch):
    monkeypatch.setattr("pulp_events.bus.backfilling.PAGE", 2)
    for _ in range(6):
        bus.emit(TYPES[0])
    clock.advance(1)
    listener = new(bus, "*")
    running = bus.backfill("new", since=since)
    while not next(running).added:
        pass
    bus.listeners.delete(listener.id)
    with pytest.raises(ListenerNotFound):
        last(running)
    assert {each.state for each in bus.deliveries.list()} == {State.DEAD}


def test_what_cannot_be_is_refused_before_anything_is_done(bus, since):
    new(bus, "*")
    for wrong in ({"since": "2d"}, {"since": datetime(2026, 1, 1)}, {"since": since, "until": 5}):  # noqa: DTZ001
        with pytest.raises(EventsError, match="is not a moment; give a datetime with its time zone"):
            bus.backfill("new", **wrong)
    with pytest.raises(EventsError, match="rate: 'fast' is not a rate"):
        bus.backfill("new", since=since, rate="fast")
    with pytest.raises(ListenerNotFound):
        bus.backfill("no such", since=since)
