"""Time limits, hostile answers, and what `listener test` shows."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import tracemalloc
from http import HTTPStatus

import pytest

from pulp_events import Delivery, EventBus, PermanentFailure, TimedOut, TransientFailure
from pulp_events.testing.http_sink import Answer, HttpSink
from pulp_events_http.limits import TimeLimits


@contextlib.contextmanager
def raw_server(say):
    """A server whose every connection is handed to `say`, once a request's head has come."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                say(connection)

    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(30)


def forever(data: bytes, pause: float = 0.0):
    def say(connection: socket.socket) -> None:
        while True:
            connection.sendall(data)
            time.sleep(pause)

    return say


def outcome(open_channel, url: str, delivery: Delivery, settings=None):
    began = time.monotonic()
    with open_channel({"url": url}, settings or {"timeout": "500ms"}) as channel:
        try:
            channel.send(delivery)
        except (TransientFailure, PermanentFailure) as failure:
            return failure, time.monotonic() - began
    return None, time.monotonic() - began


HOSTILE = {
    "interim answers without end": forever(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "headers without end": forever(b"HTTP/1.1 503 No\r\n" + b"X-A: " + b"b" * 1000 + b"\r\n"),
    "a header line without end": forever(b"x" * 65536),
    "a status line that drips": forever(b"H", 0.02),
    "chunks without a size": forever(b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    "one chunk of 2^60 bytes": forever(
        b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n1000000000000000\r\n" + b"x" * 60000
    ),
    "a length below zero": forever(b"HTTP/1.1 500 No\r\nContent-Length: -1\r\n\r\n" + b"x" * 60000),
    "two lengths": forever(b"HTTP/1.1 500 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
    "HTTP/0.9": forever(b"<html>hello"),
    "another protocol": lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "HTTP/2": lambda connection: connection.sendall(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"),
    "nothing": lambda connection: None,
}


@pytest.mark.sample(2)
@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_answer_is_bounded_in_time_and_memory(open_channel, delivery: Delivery, what: str) -> None:
    tracemalloc.start()
    try:
        with raw_server(HOSTILE[what]) as url:
            failure, took = outcome(open_channel, url, delivery)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(failure, TransientFailure)
    assert "\n" not in str(failure)
    assert took < 30  # what comes has no end
    assert peak < 20_000_000


ENDLESS = {
    "until the connection ends": (b"", b"x" * 65536),
    "of a length beyond reason": (b"Content-Length: 999999999999\r\n", b"x" * 65536),
    "in chunks": (b"Transfer-Encoding: chunked\r\n", b"4000\r\n" + b"x" * 0x4000 + b"\r\n"),
    "in chunks of a byte": (b"Transfer-Encoding: chunked\r\n", b"1\r\nx\r\n" * 10_000),
    "packed": (b"Content-Encoding: gzip\r\n", b"\x1f\x8b" + b"\0" * 65536),
}


@pytest.mark.parametrize("what", ENDLESS)
@pytest.mark.parametrize("status", [b"200 OK", b"500 No"])
def test_of_a_body_without_end_a_part_is_read_and_the_connection_closed(
    open_channel, delivery: Delivery, what: str, status: bytes
) -> None:
    headers, data = ENDLESS[what]
    sent = [0]

    def say(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 " + status + b"\r\n" + headers + b"\r\n")
        while True:
            connection.sendall(data)
            sent[0] += len(data)

    with raw_server(say) as url:
        failure, _ = outcome(open_channel, url, delivery, {"timeout": "30s"})
    assert (failure is None) == status.startswith(b"2")
    assert not isinstance(failure, TimedOut)
    assert sent[0] < 32_000_000  # what the buffers of the system hold, and no more


def test_of_a_body_that_drips_what_came_in_time_is_kept(open_channel, delivery: Delivery) -> None:
    def say(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nqueued ")
        while True:
            connection.sendall(b"queued ")
            time.sleep(0.02)

    with raw_server(say) as url, open_channel({"url": url}, {"timeout": "300ms"}) as channel:
        channel.send(delivery)
        assert channel.detail.startswith(f"200 OK\nPOST {url}\nqueued queued")


def test_a_connection_has_a_limit_of_its_own(open_channel, delivery: Delivery) -> None:
    # In the handshake nothing is read or written by us once the hello is sent: a server that is silent there.
    with HttpSink(Answer(fault="hang")) as sink:
        url = sink.url.replace("http:", "https:")
        failure, took = outcome(open_channel, url, delivery, {"timeout": "60s", "connect_timeout": "200ms"})
    assert isinstance(failure, TimedOut)
    assert "no connection within 200ms" in str(failure)
    assert took < 30  # of 60


@pytest.mark.parametrize("proxy", ["none", "http://127.0.0.1:9", "socks5://127.0.0.1:9", "http://slow.example"])
def test_a_look_up_that_hangs_is_under_the_limit_of_connecting(
    open_channel, delivery: Delivery, monkeypatch, proxy: str
) -> None:
    over, look_up = threading.Event(), socket.getaddrinfo

    def slow(host, *rest):
        return [] if host == "slow.example" and over.wait(60) else look_up(host, *rest)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    failure, took = outcome(
        open_channel, "http://slow.example/", delivery, {"timeout": "60s", "connect_timeout": "200ms", "proxy": proxy}
    )
    over.set()
    assert "no connection within 200ms" in str(failure)
    assert took < 30  # of 60


def test_silence_has_a_limit_of_its_own(open_channel, delivery: Delivery) -> None:
    with HttpSink(Answer(fault="hang")) as sink:
        failure, took = outcome(open_channel, sink.url, delivery, {"timeout": "60s", "read_timeout": "200ms"})
    assert isinstance(failure, TimedOut)
    assert "silent for 200ms" in str(failure)
    assert took < 30  # of 60


def test_the_whole_has_a_limit_however_lively_the_receiver(open_channel, delivery: Delivery) -> None:
    with HttpSink(Answer(body=b"x" * 1000, fault="drip")) as sink:
        failure, took = outcome(open_channel, sink.url, delivery, {"timeout": "600ms", "read_timeout": "500ms"})
    assert isinstance(failure, TimedOut)
    assert "no answer within 600ms" in str(failure)
    assert took < 30  # the answer is one byte every 50 ms, a thousand of them


def test_no_limit_is_longer_than_the_whole() -> None:
    limits = TimeLimits(total=1000.0, connect=5000.0, read=9000.0)
    assert (limits.connect, limits.read) == (1000.0, 1000.0)
    limits.begin()
    assert 900 < limits.left() <= 1000


# ---- listener test --------------------------------------------------------------------------------------------------


def test_a_test_event_shows_request_line_status_latency_and_excerpt(pulp_events_settings) -> None:
    with (
        HttpSink(Answer(202, body=b"queued as 7", delay=0.05)) as sink,
        EventBus.open(pulp_events_settings, deliver="inline") as bus,
    ):
        config = {"url": f"{sink.url}/hook?key=1", "secret": "generate"}
        listener = bus.listeners.create("http", config, ["repo.sync.*"])
        (trial,) = bus.test_listener(listener.id)
        (request,) = sink.wait_for(1)
    assert trial.outcome == "delivered"
    assert trial.detail == f"202 Accepted\nPOST {sink.url}/hook\nqueued as 7"
    assert 0.05 <= trial.duration < 15
    assert b'"test": true' in request.body or b'"test":true' in request.body
    assert "webhook-signature" in request.headers


REFUSED = f"422 {HTTPStatus(422).phrase}"  # Python 3.13 has the newer words, of RFC 9110
FAILED = {
    "a refusal": (
        {"status": 503, "body": b"maintenance until six"},
        "503 Service Unavailable: maintenance until six",
        "",
    ),
    "one at length": ({"status": 422, "body": b"e" * 5000}, f"{REFUSED}: " + "e" * 200, "\n" + "e" * 600),
    "a redirect": ({"status": 302, "headers": {"Location": "/login"}}, "302 Found: redirects are not followed", ""),
    "silence": ({"fault": "hang"}, "no answer within 300ms", ""),
    "no answer": ({"fault": "reset"}, "the connection failed: Connection reset by peer", ""),
}


@pytest.mark.parametrize("what", FAILED)
def test_a_test_event_that_failed_shows_the_request_line_too(pulp_events_settings, what: str) -> None:
    answer, said, more = FAILED[what]
    if answer.get("fault") == "hang":
        pulp_events_settings.write_text(pulp_events_settings.read_text() + "\n[http]\ntimeout = 300ms\n")
    with HttpSink(Answer(**answer)) as sink, EventBus.open(pulp_events_settings, deliver="inline") as bus:
        listener = bus.listeners.create("http", {"url": f"{sink.url}/hook?key=hunter22"}, ["repo.sync.*"])
        (trial,) = bus.test_listener(listener.id)
        first, line, *_ = trial.detail.split("\n")
        assert trial.outcome != "delivered"
        assert said in first
        assert line == f"POST {sink.url}/hook"
        assert f"{line}{more}" in trial.detail
        assert len(trial.detail.encode()) <= 1024
        assert "hunter22" not in trial.detail
        assert trial.duration < 10  # of the 15 that are usual
        # What an attempt keeps is the same.
        (delivery,) = bus.wait(bus.emit("repo.sync.start", {"repo_id": "x"}), timeout=0)
        assert bus.deliveries.attempts(delivery.id)[0].detail == trial.detail


def test_a_long_answer_is_kept_in_part(pulp_events_bus) -> None:
    with HttpSink(Answer(200, body=b"y" * 70_000)) as sink:
        listener = pulp_events_bus.listeners.create("http", {"url": sink.url}, ["repo.sync.*"])
        (trial,) = pulp_events_bus.test_listener(listener.id)
    assert trial.outcome == "delivered"
    assert len(trial.detail.encode()) <= 1024


def test_gone_disables_the_listener(pulp_events_bus) -> None:
    with HttpSink(Answer(410)) as sink:
        listener = pulp_events_bus.listeners.create("http", {"url": sink.url}, ["repo.#"])
        pulp_events_bus.emit("repo.sync.start", {"repo_id": "pulp2"})
        assert not pulp_events_bus.listeners.get(listener.id).enabled
