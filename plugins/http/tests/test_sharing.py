"""Connections that listeners share: what is shared, what never is, and when a connection is renewed or closed."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
import tracemalloc

import pytest

from pulp_events import Delivery, TransientFailure
from pulp_events.testing.factory import make_delivery
from pulp_events.testing.http_sink import Answer, HttpSink
from pulp_events_http import pulp_notifiers
from pulp_events_http.connections import kept
from pulp_events_http.connections.kept import KEPT


@pytest.fixture
def later(monkeypatch):
    """`later(seconds)`: let so much time pass for the connections that rest."""
    passed = [0.0]
    monkeypatch.setattr(KEPT, "_clock", lambda: time.monotonic() + passed[0])

    def passing(seconds: float) -> None:
        passed[0] += seconds

    return passing


def test_listeners_with_one_origin_share_a_connection_and_nothing_else(open_channel, delivery: Delivery) -> None:
    answer = Answer(200, {"Set-Cookie": "session=of-the-first; Path=/"})
    configs = [
        {"token": "first", "header": ["X-Who: 1"]},
        {"username": "second", "password": "pw"},
        {"secret": "generate"},
        {},
    ]
    (notifier,) = pulp_notifiers()
    with HttpSink(answer) as sink, contextlib.ExitStack() as stack:
        for number, config in enumerate(configs):
            channel = stack.enter_context(open_channel(notifier.prepare({"url": f"{sink.url}/{number}", **config})))
            channel.send(delivery)
        assert [request.connection for request in sink.wait_for(4)] == [1, 1, 1, 1]
        first, second, third, fourth = (request.headers for request in sink.requests)
    assert first["authorization"] == "Bearer first"
    assert second["authorization"].startswith("Basic ")
    assert "authorization" not in third and "authorization" not in fourth
    assert "x-who" not in second
    assert "webhook-signature" in third and "webhook-signature" not in fourth
    assert not any("cookie" in headers for headers in (first, second, third, fourth))


def test_a_limit_belongs_to_the_attempt_and_not_to_the_connection(open_channel, delivery: Delivery) -> None:
    slow = lambda request: Answer(delay=0.3 if request.path == "/slow" else 0)  # noqa: E731
    with (
        HttpSink(slow) as sink,
        open_channel({"url": sink.url}, {"timeout": "10s"}) as patient,
        open_channel({"url": f"{sink.url}/slow"}, {"timeout": "100ms"}) as hasty,
        open_channel({"url": f"{sink.url}/slow"}, {"timeout": "10s"}) as other,
    ):
        patient.send(delivery)
        with pytest.raises(TransientFailure, match="no answer within 100ms"):
            hasty.send(delivery)
        other.send(delivery)
        patient.send(delivery)
        assert [request.connection for request in sink.requests] == [1, 1, 2, 2]


@pytest.mark.parametrize("change", ["networks", "host", "proxy"])
def test_a_connection_made_by_other_rules_is_not_used(open_channel, delivery: Delivery, change: str) -> None:
    with HttpSink() as sink:
        settings, url = {"networks": "any"}, sink.url
        if change == "networks":
            settings = {"networks": "127.0.0.0/8"}
        elif change == "host":
            url = f"http://localhost:{sink.port}"
        else:
            settings = {"proxy": sink.url}
        with open_channel({"url": sink.url}) as one, open_channel({"url": url}, settings) as other:
            one.send(delivery)
            other.send(delivery)
        assert [request.connection for request in sink.requests] == [1, 2]


def test_closing_a_channel_leaves_the_connections_that_others_use(open_channel, delivery: Delivery, eventually) -> None:
    with HttpSink() as sink:
        with open_channel({"url": sink.url}) as lasting:
            with open_channel({"url": f"{sink.url}/b"}) as other:
                other.send(delivery)
            lasting.send(delivery)
            assert [request.connection for request in sink.requests] == [1, 1]
        eventually(lambda: not sink._open)


def test_a_channel_closed_twice_lets_go_once(open_channel, delivery: Delivery) -> None:
    with HttpSink() as sink, open_channel({"url": sink.url}) as lasting:
        with open_channel({"url": sink.url}) as other:
            other.close()
        lasting.send(delivery)
        lasting.send(delivery)
        assert sink.connections == 1


def test_requests_at_once_have_a_connection_each_and_no_answer_goes_astray(open_channel) -> None:
    rounds, threads = 40, 8
    failures: list[object] = []

    def answer(request) -> Answer:
        return Answer(200, body=request.headers["pulp-delivery-id"].encode())

    def work(name: str) -> None:
        try:
            with open_channel({"url": f"{sink.url}/{name}", "token": name}) as channel:
                for number in range(rounds):
                    delivery = make_delivery(payload={"repo_id": f"{name}-{number}"})
                    channel.send(delivery)
                    assert channel.detail.endswith(f"\n{delivery.id}")
        except BaseException as error:
            failures.append(error)

    with HttpSink(answer) as sink:
        workers = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert failures == []
        assert len(sink.requests) == rounds * threads
        assert sink.connections <= threads * 2
        for request in sink.requests:
            assert request.headers["authorization"] == f"Bearer {request.path[1:]}"
            assert f'"{request.path[1:]}-'.encode() in request.body


def test_so_many_rest_and_no_more_the_longest_rested_goes_first(
    open_channel, delivery, monkeypatch, eventually
) -> None:
    monkeypatch.setattr(kept, "MOST", 2)
    with contextlib.ExitStack() as stack:
        sinks = [stack.enter_context(HttpSink()) for _ in range(4)]
        channels = [stack.enter_context(open_channel({"url": sink.url})) for sink in sinks]
        for channel in channels:
            channel.send(delivery)
        eventually(lambda: [len(sink._open) for sink in sinks] == [0, 0, 1, 1])
        for channel in reversed(channels):
            channel.send(delivery)
        assert [sink.connections for sink in sinks] == [2, 2, 1, 1]


def test_a_connection_that_rested_is_closed_when_any_other_is_used(open_channel, delivery, later, eventually) -> None:
    with (
        HttpSink() as resting,
        HttpSink() as busy,
        open_channel({"url": resting.url}) as one,
        open_channel({"url": busy.url}) as other,
    ):
        one.send(delivery)
        later(kept.IDLE_LIMIT + 0.1)
        other.send(delivery)
        eventually(lambda: not resting._open)


def test_a_busy_connection_is_renewed_after_a_while_and_the_name_looked_up_again(
    open_channel, delivery: Delivery, later, monkeypatch
) -> None:
    with HttpSink() as before, HttpSink() as after:
        now = [before]
        look_up = socket.getaddrinfo

        def changing(host, port, *rest):
            return look_up("127.0.0.1", now[0].port, *rest) if host == "moves.example" else look_up(host, port, *rest)

        monkeypatch.setattr(socket, "getaddrinfo", changing)
        with open_channel({"url": "http://moves.example/"}) as channel:
            for _ in range(10):
                channel.send(delivery)
                later(kept.AGE_LIMIT / 10)
                now[0] = after
                monkeypatch.setattr(kept, "IDLE_LIMIT", 100.0)
            channel.send(delivery)
            channel.send(delivery)
        assert len(before.requests) + len(after.requests) == 12
        assert after.requests


@pytest.mark.parametrize("fault", ["close", "reset", "hang"])
def test_after_a_failure_the_others_of_that_route_are_renewed_too(open_channel, delivery: Delivery, fault: str) -> None:
    together = threading.Barrier(2)

    class Both(Answer):
        """Made in the thread of its connection, once both requests have come."""

        def head(self) -> bytes:
            together.wait(30)
            return super().head()

    def answer(request) -> Answer:
        return Answer(fault=fault) if request.path == "/fail" else Both()

    with HttpSink(answer) as sink:
        with contextlib.ExitStack() as stack:
            pair = [stack.enter_context(open_channel({"url": f"{sink.url}/both"})) for _ in range(2)]
            failing = stack.enter_context(open_channel({"url": f"{sink.url}/fail"}, {"timeout": "200ms"}))
            thread = threading.Thread(target=pair[0].send, args=(delivery,))
            thread.start()
            pair[1].send(delivery)  # neither is answered before the other has come, so there are two connections
            thread.join()
            with pytest.raises(TransientFailure):
                failing.send(delivery)
            sink.answer = Answer()
            pair[0].send(delivery)
        assert sink.requests[-1].connection == 3


@pytest.mark.parametrize("status", [401, 403])
def test_after_a_refusal_of_credentials_the_next_attempt_has_a_new_connection(
    open_channel, delivery: Delivery, status: int
) -> None:
    with HttpSink([Answer(), Answer(status), Answer()]) as sink:
        with open_channel({"url": sink.url}) as one:
            one.send(delivery)
            with pytest.raises(TransientFailure) as caught:
                one.send(delivery)
            assert caught.value.credentials
            with open_channel({"url": sink.url}) as another:
                another.send(delivery)
        assert [request.connection for request in sink.requests] == [1, 1, 2]


def in_child(work) -> int:
    """Run in a fork of this process; its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("hooks", [True, False])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_fork_shares_no_connection(
    open_channel, delivery: Delivery, server_context, bundle: str, scheme: str, hooks: bool, monkeypatch
) -> None:
    if not hooks:  # as after a fork() by a C program
        monkeypatch.setattr(KEPT, "before_fork", lambda: None)
        monkeypatch.setattr(KEPT, "after_fork", lambda in_child: None)
    secure = scheme == "https"
    config = {"ca_path": bundle} if secure else {}
    with (
        HttpSink(ssl_context=server_context if secure else None) as sink,
        open_channel({"url": sink.url, **config}) as channel,
    ):
        channel.send(delivery)
        assert in_child(lambda: channel.send(delivery)) == 0
        channel.send(delivery)
        before, child, after = [request.connection for request in sink.wait_for(3)]
        assert (before, child) == (1, 2) and after == 1


def test_a_child_keeps_no_connection_of_its_parent_open(open_channel, delivery: Delivery, eventually) -> None:
    with HttpSink() as sink:
        reading, writing = os.pipe()
        with open_channel({"url": sink.url}) as channel:
            channel.send(delivery)
            child = os.fork()
            if child == 0:
                os.read(reading, 1)
                os._exit(0)
        try:
            eventually(lambda: not sink._open)
        finally:
            os.write(writing, b"x")
            os.waitpid(child, 0)
            os.close(reading)
            os.close(writing)


def test_a_channel_is_small(open_channel) -> None:
    (notifier,) = pulp_notifiers()
    settings = notifier.settings_schema().load({})
    configs = [notifier.config_schema().load({"url": f"http://h{number}.example/hook"}) for number in range(500)]
    channels = [notifier.open(config, settings) for config in configs]
    channels[0].__enter__()
    tracemalloc.start()
    try:
        for channel in channels[1:]:
            channel.__enter__()
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        for channel in channels:
            channel.close()
    assert size / len(channels) < 4096
    assert not any(vars(channel) for channel in channels)
