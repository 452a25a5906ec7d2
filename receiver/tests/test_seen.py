"""Whatever the database and its library: a delivery is applied once, in the receiver's own transaction."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pulp_events_receiver.seen import door

ID = "01929e5f-0000-7000-8000-000000000001.0"
DAY = 86_400


class Failed(Exception):
    pass


def apply(home, seen, delivery_id, and_then=lambda: None):
    """What a receiver does; returns whether it was applied."""
    with home.transaction() as connection:
        first = seen.first(connection, delivery_id)
        if first:
            home.run(connection, "UPDATE counter SET value = value + 1")
        and_then()
    return first


def value(home):
    return home.ask("SELECT value FROM counter")


def test_a_delivery_is_applied_once(home):
    seen = home.seen()
    assert [apply(home, seen, ID), apply(home, seen, ID), apply(home, home.seen(), ID)] == [True, False, False]
    assert apply(home, seen, f"{ID}1")
    assert value(home) == 2


def test_what_is_rolled_back_was_not_applied(home):
    def fail():
        raise Failed

    seen = home.seen()
    with pytest.raises(Failed):
        apply(home, seen, ID, fail)
    assert value(home) == 0
    assert apply(home, seen, ID)
    assert value(home) == 1


def test_of_two_at_once_the_second_waits_and_applies_it_only_if_the_first_did_not(home):
    seen, asked, decide = home.seen(), threading.Event(), threading.Event()

    def first(ends):
        def hold():
            asked.set()
            decide.wait(60)
            if ends == "rolled back":
                raise Failed

        try:
            return apply(home, seen, ID, hold)
        except Failed:
            return False

    with ThreadPoolExecutor(2) as pool:
        for ends, later in (("rolled back", True), ("committed", False)):
            asked.clear()
            decide.clear()
            one = pool.submit(first, ends)
            assert asked.wait(30)
            two = pool.submit(apply, home, seen, ID)
            assert not two.done()
            decide.set()
            assert two.result(60) is later
            assert one.result(60) is False, "the second time it was applied already"
    assert value(home) == 1


def test_many_at_once_apply_each_once(home):
    seen = home.seen()
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda n: apply(home, seen, f"a.{n % 10}"), range(40)))
    assert sum(results) == 10
    assert value(home) == 10


def test_outside_a_transaction_it_refuses_and_remembers_nothing(home):
    seen = home.seen()
    with home.outside() as connection, pytest.raises(RuntimeError, match="within the transaction"):
        seen.first(connection, ID)
    assert home.ask("SELECT count(*) FROM pulp_events_seen") == 0


def test_two_senders_may_give_the_same_id(home):
    assert apply(home, home.seen(sender="pulp-a"), "sync-4711.0")
    assert apply(home, home.seen(sender="pulp-b"), "sync-4711.0")
    assert not apply(home, home.seen(sender="pulp-b"), "sync-4711.0")


def test_ids_are_forgotten_after_their_time_and_not_before(home, monkeypatch):
    monkeypatch.setattr(door, "EVERY", 10)
    now = [1_000_000.0]
    seen = home.seen(keep=DAY, clock=lambda: now[0])
    with home.transaction() as connection:
        assert all(seen.first(connection, f"old.{n}") for n in range(30))
    now[0] += DAY - 1
    with home.transaction() as connection:
        assert all(seen.first(connection, f"young.{n}") for n in range(10))
    assert home.ask("SELECT count(*) FROM pulp_events_seen") == 40
    assert not apply(home, seen, "old.1")
    now[0] += 2
    with home.transaction() as connection:
        assert seen.forget(connection, most=7) == 7
    with home.transaction() as connection:
        assert all(seen.first(connection, f"new.{n}") for n in range(10))
    assert home.ask("SELECT count(*) FROM pulp_events_seen") == 20
    assert not apply(home, seen, "young.1")


def test_for_ever_means_for_ever(home):
    now = [0.0]
    seen = home.seen(keep=None, clock=lambda: now[0])
    assert apply(home, seen, ID)
    now[0] = 1e10
    with home.transaction() as connection:
        assert seen.forget(connection) == 0
    assert not apply(home, seen, ID)
