"""What takes long keeps neither all threads of the server nor all that others may take."""

import contextlib
import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pulp_events.testing import Answer, HttpSink
from pulp_events_web.access.store import AccessStore
from pulp_events_web.access.tokens import Tokens
from pulp_events_web.places import Budget, Full, Places
from pulp_events_web.principal import Role


@pytest.fixture
def silent(bus):
    """The id of a listener whose receiver takes connections and never answers."""
    with HttpSink(Answer(fault="hang")) as sink:
        yield bus.listeners.create("http", {"url": sink.url}, ["repo.#"]).id


def ask(port, token, method, path, timeout=60):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    connection.request(method, f"/api/v1/{path}", headers={} if token is None else {"Authorization": f"Bearer {token}"})
    return connection, connection.getresponse()


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_whoever_waits_for_whatever_others_are_answered(bus, serve, silent, tokens, monkeypatch, threads):
    over = threading.Event()
    monkeypatch.setattr(type(bus), "test_listener", lambda *_: over.wait(100) and [])
    port = serve(threads=threads)
    people = [tokens.create(f"p{number}", Role.OPERATOR, None)[0] for number in range(4)]
    streams = [ask(port, each, "GET", "tail") for each in people for _ in range(3)]
    refused = [found for _, found in streams if found.status != 200]
    assert {found.status for found in refused} == {429, 503} if threads > 2 else refused
    assert 1 <= len(streams) - len(refused) <= threads // 2

    def try_it(token):
        connection, found = ask(port, token, "POST", f"listeners/{silent}/test")
        connection.close()
        return found.status

    with ThreadPoolExecutor(12) as pool:
        found = [pool.submit(try_it, each) for each in people * 3]
        try:
            end = time.monotonic() + 30
            while sum(each.done() for each in found) < 12 - threads:  # those that find no place; the others wait
                assert time.monotonic() < end
                time.sleep(0.01)
            for _ in range(5):
                connection, health = ask(
                    port,
                    None,
                    "GET",
                    "health",
                )  # the tests go on for longer
                assert health.status in (200, 503) and json.loads(health.read())
                connection.close()
                assert not over.is_set()
        finally:
            over.set()
            statuses = [each.result() for each in found]
    assert statuses.count(429) >= 12 - threads
    for connection, found in streams:
        found.close()
        connection.close()
    end = time.monotonic() + 20
    while try_it(people[0]) != 200:  # all is given back
        assert time.monotonic() < end
        time.sleep(0.05)


def test_nobody_takes_all():
    budget = Budget.of(8)
    for _ in range(budget.long.each):
        budget.long.take("a")
    with pytest.raises(Full) as full:
        budget.long.take("a")
    assert full.value.own
    budget.long.take("b")
    for _ in range(budget.streams.each):
        budget.streams.take("a")
    budget.streams.take("b")
    with pytest.raises(Full) as full:
        budget.streams.take("c")  # six of eight wait
    assert not full.value.own
    assert budget.long.open + budget.streams.open == 6
    budget.streams.give_back("a")
    budget.streams.take("c")


def test_some_threads_are_always_left():
    for threads in range(2, 65):
        budget = Budget.of(threads)
        taken = 0
        for who in map(str, range(2 * threads)):
            for places in (budget.streams, budget.long):
                with contextlib.suppress(Full):
                    places.take(who)
                    taken += 1
        assert 1 <= taken < threads


def test_a_place_that_was_refused_within_is_not_taken():
    every = Places(1, 1)
    one, other = Places(5, 5, every), Places(5, 5, every)
    with one.held("a"), pytest.raises(Full):
        other.take("b")
    assert (one.open, other.open, every.open) == (0, 0, 0)
    with other.held("b"):
        assert every.open == 1


LONG = [
    ("listeners/{}/test", None),
    ("listeners/{}/backfill", {"since": "2026-01-01T00:00:00Z"}),
    ("listeners/{}/backtest", {}),
    ("deliveries/retry", {"all": True}),
    ("deliveries/retry", {"all": True, "dry_run": True}),
]


@pytest.mark.parametrize(("path", "body"), LONG)
def test_all_that_takes_long_takes_a_place(app, bus, as_role, silent, path, body):
    client = as_role("admin", trusted=True)
    long = app.extensions["pulp_events_web"].budget.long
    for number in range(long.most):
        long.take(f"p{number}")
    answer = client.post(f"/api/v1/{path.format(silent)}", json=body)
    assert answer.status_code == 429 and answer.headers["Retry-After"], answer.text
    assert answer.content_type == "application/problem+json"
    assert client.get("/api/v1/deliveries").status_code == 200


@pytest.mark.parametrize("path", ["listeners/{}/test", "deliveries/retry"])
def test_of_the_console_too(app, bus, silent, path):
    import re

    secret, _ = Tokens(AccessStore(bus.data_dir), time.time).create("o", Role.OPERATOR, None)
    client = app.test_client()
    csrf = re.search(r'csrf_token" value="([^"]+)', client.get("/login").text)[1]
    client.post("/login", data={"csrf_token": csrf, "token": secret})
    csrf = re.search(r'csrf_token" value="([^"]+)', client.get("/console/").text)[1]
    long = app.extensions["pulp_events_web"].budget.long
    for number in range(long.most):
        long.take(f"p{number}")
    answer = client.post(f"/console/{path.format(silent)}", data={"csrf_token": csrf})
    assert answer.status_code == 429 and answer.headers["Retry-After"] and answer.content_type.startswith("text/html")
