"""A session that holds a snapshot keeps everything that was changed since; nobody passes over it again and again."""

import random

import psycopg
import pytest

from pulp_events.outbox.records import ClaimRequest
from pulp_events.outbox.states import FINISHED
from pulp_events.testing.outbox_contract import LISTENER, OTHER, new_event, result
from pulp_events_postgres import marks

PASSED = 4000


@pytest.fixture
def outbox(place):
    opened = place.outbox()
    yield opened
    opened.close()


@pytest.fixture
def neighbour(place, outbox):
    """Another session, amid a transaction that read one of our tables."""
    with psycopg.connect(place.url, password="pw") as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute(outbox.database.text("SELECT count(*) FROM @.pulp_delivery"))
        yield connection


@pytest.fixture
def never_everything(monkeypatch):
    """What breaks the rule that marks go by is not found by looking at everything."""
    monkeypatch.setattr(marks, "EVERYTHING", 1e9)


def pages(outbox, call):
    """How many pages of tables and indexes the statements of a call look at."""
    rows, seen = outbox.database.rows, []

    def explained(statement, parameters=(), binary=False):
        [(plan,)] = rows("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement, parameters)
        seen.append(plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"])
        return rows(statement, parameters, binary)

    outbox.database.rows = explained
    try:
        call()
    finally:
        outbox.database.rows = rows
    return sum(seen)


def take(outbox, requests):
    found = outbox.claim(requests, 60.0, "t").deliveries
    outbox.record([result(one, "succeed") for one in found])
    return found


@pytest.mark.parametrize("ordered", [False, True])
def test_claiming_and_looking_stay_as_cheap_as_they_were(outbox, neighbour, ordered):
    requests = [ClaimRequest(LISTENER, 200, ordered), ClaimRequest(OTHER, 200, ordered)]

    def costs():
        outbox.ready()
        nothing = pages(outbox, lambda: outbox.claim(requests, 60.0, "t"))
        outbox.add([new_event(LISTENER)])
        looked = pages(outbox, outbox.ready)
        [taken] = outbox.claim(requests, 60.0, "t").deliveries
        leased = pages(outbox, outbox.ready)
        outbox.record([result(taken, "succeed")])
        return nothing, looked, leased

    def let_pass(count):
        for _ in range(count // 1000):
            outbox.add([new_event(LISTENER, OTHER) for _ in range(500)])
            while take(outbox, requests):
                pass
            outbox.ready()

    let_pass(1000)
    before = [min(each) for each in zip(*(costs() for _ in range(5)), strict=True)]
    let_pass(PASSED)
    after = [min(each) for each in zip(*(costs() for _ in range(5)), strict=True)]
    dead = outbox.database.rows("SELECT pg_table_size(quote_ident(current_schema()) || '.pulp_delivery')")
    assert dead[0][0] > 3 * PASSED * 60, "nothing was given back meanwhile"
    assert all(now <= 1.5 * then + 40 for now, then in zip(after, before, strict=True)), (before, after)


def test_recording_stays_as_cheap_as_it_was(outbox, neighbour):
    def cost():
        outbox.add([new_event()])
        found = outbox.claim([ClaimRequest(LISTENER, 9)], 60.0, "t").deliveries
        return pages(outbox, lambda: outbox.record([result(one, "give_up") for one in found]))

    before = min(cost() for _ in range(5))
    for _ in range(400):
        cost()
    assert min(cost() for _ in range(5)) <= 1.5 * before + 40


def test_cleaning_begins_behind_what_it_deleted(outbox, neighbour):
    outbox.add([new_event() for _ in range(300)])
    while take(outbox, [ClaimRequest(LISTENER, 100)]):
        pass
    outbox.add([new_event()])
    while outbox.maintain(dict.fromkeys(FINISHED, -1.0)):
        pass
    [(last,)] = outbox.database.rows("SELECT max(event_seq) FROM @.pulp_delivery")
    assert outbox._cleaner._oldest == (last, -1)
    assert outbox.stats().delivered == 0 and outbox.stats().pending == 1


def test_what_commits_late_is_found_though_all_around_it_is_done(place, outbox, never_everything):
    other = place.outbox()
    for each in (outbox, other):
        each.ready()
    late = new_event(LISTENER, OTHER)
    with psycopg.connect(place.url, password="pw") as application:
        other.add([late], connection=application)
        for _ in range(5):
            outbox.add([new_event() for _ in range(50)])
            while take(outbox, [ClaimRequest(LISTENER, 20)]):
                pass
            assert outbox.ready() == other.ready() == {}
        application.commit()
    for each in (outbox, other):
        assert each.ready() == {LISTENER: 0, OTHER: 0}
    assert [one.event_id for one in take(outbox, [ClaimRequest(LISTENER, 20)])] == [late.id]
    assert [one.event_id for one in take(other, [ClaimRequest(OTHER, 20)])] == [late.id]
    other.close()


@pytest.mark.parametrize("long", [marks.LONG, 0.0], ids=["all", "quick"])
@pytest.mark.parametrize("seed", range(3))
def test_over_any_history_nothing_that_is_pending_is_out_of_sight(place, never_everything, monkeypatch, seed, long):
    monkeypatch.setattr(marks, "LONG", long)
    monkeypatch.setattr(marks, "FEW", 0)
    dice = random.Random(seed)
    listeners = [f"f{number:023}" for number in range(4)]
    views = [place.outbox() for _ in range(3)]
    open_ones: list[psycopg.Connection] = []
    emitted, delivered = set(), []
    for _ in range(150):
        view = dice.choice(views)
        what = dice.choice(("emit", "emit", "begin", "commit", "claim", "claim", "claim", "ready", "roll back"))
        event = new_event(*dice.sample(listeners, dice.randint(1, 3)))
        ids = {f"{event.id}.{n}" for n in range(len(event.deliveries))}
        if what == "emit":
            view.add([event])
            emitted |= ids
        elif what == "begin" and len(open_ones) < 4:
            open_ones.append(psycopg.connect(place.url, password="pw"))
            view.add([event], connection=open_ones[-1])
            open_ones[-1].ids = ids
        elif what in ("commit", "roll back") and open_ones:
            with open_ones.pop(dice.randrange(len(open_ones))) as ended:
                if what == "commit":
                    ended.commit()
                    emitted |= ended.ids
                else:
                    ended.rollback()
        elif what == "ready":
            view.ready()
        elif what == "claim":
            requests = [ClaimRequest(one, dice.randint(1, 4), dice.random() < 0.3)
                        for one in dice.sample(listeners, 3)]  # fmt: skip
            found = view.claim(requests, 60.0, "t").deliveries
            for one in found:
                ending = dice.choice(("succeed", "succeed", "postpone", "release"))
                if ending == "release":
                    view.release([one])
                else:
                    view.record([result(one, ending, 0.0)])
                    delivered += [one.id] if ending == "succeed" else []
    for each in open_ones:
        each.close()
    while ready := here(views[0]):
        assert all(wait <= 1 for wait in ready.values())
        for listener in ready:
            delivered += [one.id for one in take(views[0], [ClaimRequest(listener, 9)])]
    assert sorted(delivered) == sorted(emitted)
    assert here(views[1]) == here(views[2]) == {}
    for view in views:
        view.close()


def here(view):
    """What the view knows when it looks at all listeners."""
    view._marks._long_until = 0.0
    return view.ready()


def test_where_looking_at_few_takes_long_they_are_looked_at_all_the_same(place, monkeypatch):
    monkeypatch.setattr(marks, "LONG", 0.0)  # as where the machine is busy
    view, other = place.outbox(), place.outbox()
    view.add([new_event(LISTENER), new_event(OTHER)])
    assert view.ready() == {LISTENER: 0, OTHER: 0}
    other.record([result(one, "give_up") for one in take(other, [ClaimRequest(LISTENER, 5)])])
    assert view.ready() == {OTHER: 0}
    for each in (view, other):
        each.close()


def test_where_looking_at_all_takes_long_only_what_is_new_is_looked_for_meanwhile(place, monkeypatch):
    view, other = place.outbox(), place.outbox()
    view.add([new_event(LISTENER)])
    view.ready()
    view._marks._long_until = 1e12
    rows, asked = view.database.rows, []

    def noted(statement, parameters=(), **more):
        asked.append(parameters[0])
        return rows(statement, parameters, **more)

    monkeypatch.setattr(view.database, "rows", noted)
    other.add([new_event(OTHER)])
    assert view.ready() == {LISTENER: 0, OTHER: 0}
    assert asked == ["{}"]
    assert len(take(view, [ClaimRequest(LISTENER, 5), ClaimRequest(OTHER, 5)])) == 2
    assert min(view.ready().values()) > 50, "as it was when they were claimed"
    late = new_event(LISTENER)
    other.add([late])
    assert view.ready()[LISTENER] == 0
    assert [one.event_id for one in take(view, [ClaimRequest(LISTENER, 5)])] == [late.id]
    for each in (view, other):
        each.close()


def test_a_lease_that_is_just_being_given_is_seen_by_whoever_keeps_the_order(place, never_everything):
    """Its transaction is under way while the other one looks, and has ended when that one claims without a look."""
    here = place.outbox()
    here.add([new_event() for _ in range(3)])
    here.ready()
    with psycopg.connect(place.url, password="pw") as claiming:
        claiming.execute(here.database.text("SELECT @.pulp_enter_change()"), ())
        claiming.execute(
            here.database.text(
                "UPDATE @.pulp_delivery SET lease = 't', attempts = 1, ready_at = @.pulp_now() + 60 "
                "WHERE event_seq = (SELECT min(event_seq) FROM @.pulp_delivery)"
            ),
            (),
        )
        assert take(here, [ClaimRequest(OTHER, 1)]) == []
        here.ready()
        here._marks._looked_at = 1e12
        claiming.commit()
    assert take(here, [ClaimRequest(LISTENER, 5, ordered=True)]) == [], "an older one is leased"
    here.close()


def test_what_a_crash_of_the_server_undid_is_claimed_again(place, outbox, server, never_everything):
    """Claims do not wait for the disk; every connection breaks when the server crashes."""
    outbox.add([new_event() for _ in range(3)])
    assert len(take(outbox, [ClaimRequest(LISTENER, 3)])) == 3
    assert outbox.ready() == {}
    undo = outbox.database.text(
        "UPDATE @.pulp_delivery SET state = 'pending', lease = NULL, ready_at = 0, attempts = 0, finished = NULL"
    )
    with psycopg.connect(place.url, password="pw") as crash:
        crash.execute(undo, ())
    with server.connect() as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'pulp'")
    assert outbox.ready() == {LISTENER: 0}
    assert len(take(outbox, [ClaimRequest(LISTENER, 3)])) == 3
