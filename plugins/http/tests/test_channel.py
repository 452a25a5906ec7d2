"""Deliveries to real servers, well-behaved and hostile."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import logging
import socket
import time
from pathlib import Path

import pytest

from pulp_events import Delivery, PermanentFailure, TimedOut, TransientFailure
from pulp_events.testing.http_sink import Answer, HttpSink
from pulp_events_http.connections import kept


def failure_of(open_channel, config, delivery, settings=None) -> TransientFailure | PermanentFailure:
    with (
        open_channel(config, settings) as channel,
        pytest.raises((TransientFailure, PermanentFailure)) as caught,
    ):
        channel.send(delivery)
    return caught.value


def test_the_report_is_posted_as_it_is_with_what_identifies_it(open_channel, delivery: Delivery) -> None:
    with HttpSink() as sink, open_channel({"url": sink.url + "/hook?a=b"}) as channel:
        assert channel.send(delivery) is None
        (request,) = sink.wait_for(1)
    assert (request.method, request.path) == ("POST", "/hook?a=b")
    assert request.body == delivery.report
    expected = {
        "content-type": "application/json",
        "pulp-event-id": delivery.event_id,
        "pulp-event-type": "repo.sync.start",
        "pulp-event-time": "2012-10-19T19:09:16Z",
        "pulp-delivery-id": delivery.id,
    }
    assert expected.items() <= request.headers.items()
    assert request.headers["user-agent"].startswith("pulp-events/")
    assert "authorization" not in request.headers


def test_sending_does_not_parse_the_report(open_channel, delivery: Delivery) -> None:
    not_json = dataclasses.replace(delivery, report=b"\x00 not json")
    with HttpSink() as sink, open_channel({"url": sink.url}) as channel:
        channel.send(not_json)
        assert sink.wait_for(1)[0].body == not_json.report


def test_basic_authentication_is_sent_as_utf8(open_channel, delivery: Delivery) -> None:
    with HttpSink() as sink:
        with open_channel({"url": sink.url, "username": "adm", "password": "pässwörd€"}) as channel:
            channel.send(delivery)
        (request,) = sink.wait_for(1)
    kind, _, token = request.headers["authorization"].partition(" ")
    assert (kind, base64.b64decode(token).decode()) == ("Basic", "adm:pässwörd€")


def test_netrc_is_not_consulted(open_channel, delivery: Delivery, tmp_path: Path, monkeypatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with HttpSink() as sink, open_channel({"url": sink.url}) as channel:
        channel.send(delivery)
        assert "authorization" not in sink.wait_for(1)[0].headers


def test_the_environments_proxy_is_used(open_channel, delivery: Delivery, monkeypatch) -> None:
    with HttpSink() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("http://", "http://me:hunter2@"))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with open_channel({"url": "http://ci.example/hook"}) as channel:
            channel.send(delivery)
            (request,) = proxy.wait_for(1)
            assert request.path == "http://ci.example/hook"
            proxy.close()
            with pytest.raises(TransientFailure) as caught:
                channel.send(delivery)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 226, 299])
def test_any_2xx_is_delivered(open_channel, delivery: Delivery, status: int) -> None:
    with HttpSink(Answer(status)) as sink, open_channel({"url": sink.url}) as channel:
        channel.send(delivery)
        assert channel.detail.startswith(f"{status} ")
        channel.send(delivery)
        assert [one.body for one in sink.wait_for(2)] == [delivery.report] * 2


def test_a_connection_is_kept_from_delivery_to_delivery_and_renewed_after_a_failure(
    open_channel, delivery: Delivery
) -> None:
    answers = [Answer(200, body=b"ok"), Answer(204), Answer(503, body=b"busy"), Answer(404), Answer(204)]
    with HttpSink(answers) as sink, open_channel({"url": sink.url}) as channel:
        channel.send(delivery)
        channel.send(delivery)
        assert sink.connections == 1
        with pytest.raises(TransientFailure, match="503 Service Unavailable: busy"):
            channel.send(delivery)
        with pytest.raises(TransientFailure, match="404 Not Found"):
            channel.send(delivery)
        channel.send(delivery)
        assert sink.connections == 3


def test_a_connection_that_the_server_closed_in_between_is_replaced_and_nothing_sent_twice(
    open_channel, delivery: Delivery, eventually
) -> None:
    with HttpSink(Answer(fault="drop")) as sink, open_channel({"url": sink.url}) as channel:
        for count in range(1, 4):
            channel.send(delivery)
            eventually(lambda: not sink._open)
            assert (len(sink.requests), sink.connections) == (count, count)


def test_a_connection_that_has_rested_is_not_trusted(open_channel, delivery: Delivery, monkeypatch) -> None:
    monkeypatch.setattr(kept, "IDLE_LIMIT", 0.0)
    with HttpSink() as sink, open_channel({"url": sink.url}) as channel:
        channel.send(delivery)
        channel.send(delivery)
        assert sink.connections == 2


def test_a_request_that_was_on_its_way_when_the_connection_died_is_not_repeated_here(
    open_channel, delivery: Delivery
) -> None:
    with HttpSink([Answer(), Answer(fault="close")]) as sink, open_channel({"url": sink.url}) as channel:
        channel.send(delivery)
        with pytest.raises(TransientFailure):
            channel.send(delivery)
        assert len(sink.requests) == 2


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(open_channel, delivery: Delivery, status: int) -> None:
    with HttpSink() as elsewhere, HttpSink(Answer(status, {"Location": elsewhere.url + "/new?key=1"})) as sink:
        failure = failure_of(open_channel, {"url": sink.url}, delivery)
        assert type(failure) is TransientFailure
        assert elsewhere.url + "/new; put the new address in the listener's url" in str(failure)
        assert elsewhere.requests == []


@pytest.mark.parametrize("fault", ["close", "reset", "garbage"])
def test_no_answer_or_one_that_is_not_http_is_transient(open_channel, delivery: Delivery, fault) -> None:
    with HttpSink(Answer(fault=fault)) as sink:
        failure = failure_of(open_channel, {"url": sink.url}, delivery)
    assert type(failure) is TransientFailure
    assert str(failure).startswith(f"127.0.0.1:{sink.port}: ")
    assert "object at" not in str(failure)


def test_a_refused_connection_and_an_unknown_name_are_transient(open_channel, delivery: Delivery) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen, so that no other process does meanwhile
        failure = failure_of(open_channel, {"url": f"http://127.0.0.1:{nobody.getsockname()[1]}/"}, delivery)
    assert type(failure) is TransientFailure
    assert "Connection refused" in str(failure)
    failure = failure_of(open_channel, {"url": "http://nowhere.invalid/"}, delivery)
    assert type(failure) is TransientFailure
    assert "cannot be resolved" in str(failure)


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_silence_and_an_answer_that_drips_end_with_the_time_limit(open_channel, delivery: Delivery, fault) -> None:
    with HttpSink(Answer(body=b"x" * 1000, fault=fault)) as sink:
        started = time.monotonic()
        failure = failure_of(open_channel, {"url": sink.url}, delivery, {"timeout": "300ms"})
        assert time.monotonic() - started < 10  # of the 15 that are usual
    assert isinstance(failure, TimedOut)
    assert "no answer within 300ms" in str(failure)


def test_a_server_that_takes_no_connection_ends_with_the_time_limit(open_channel, delivery: Delivery) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        failure = failure_of(open_channel, {"url": f"http://127.0.0.1:{port}"}, delivery, {"timeout": "200ms"})
        for one in waiting:
            one.close()
    assert isinstance(failure, TimedOut)


def test_a_body_without_end_is_read_in_part_only(open_channel, delivery: Delivery) -> None:
    with HttpSink(Answer(500, fault="endless")) as sink:
        failure = failure_of(open_channel, {"url": sink.url}, delivery)
    assert str(failure).startswith("500 Internal Server Error: xxx")
    assert len(str(failure)) < 1100


def test_a_2xx_is_delivered_however_its_body_ends(open_channel, delivery: Delivery) -> None:
    for fault in ("endless", "truncate"):
        with HttpSink(Answer(200, body=b"x" * 100, fault=fault)) as sink, open_channel({"url": sink.url}) as channel:
            channel.send(delivery)
            channel.send(delivery)
            assert sink.connections == 2


def test_a_gzip_bomb_stays_packed(open_channel, delivery: Delivery) -> None:
    bomb = gzip.compress(b"\0" * 30_000_000)
    with HttpSink(Answer(500, {"Content-Encoding": "gzip"}, bomb)) as sink:
        assert "(gzip body)" in str(failure_of(open_channel, {"url": sink.url}, delivery))
        assert sink.requests[0].headers["accept-encoding"] == "identity"


def test_an_answer_in_chunks_leaves_the_connection_fit_for_the_next_request(open_channel, delivery: Delivery) -> None:
    answer = Answer(200, {"Transfer-Encoding": "chunked"}, b"3\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n")
    with HttpSink([answer, Answer()]) as sink, open_channel({"url": sink.url}) as channel:
        channel.send(delivery)
        assert channel.detail.endswith("\nabc")
        channel.send(delivery)
        assert sink.connections == 1


def test_too_many_requests_asks_for_a_minute(open_channel, delivery: Delivery) -> None:
    with HttpSink(Answer(429)) as sink:
        failure = failure_of(open_channel, {"url": sink.url}, delivery)
    assert isinstance(failure, TransientFailure)
    assert failure.retry_after == 60.0


def test_nothing_secret_reaches_a_log_or_a_text(open_channel, delivery: Delivery, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    config = {"url": "", "username": "adm", "password": "hunter2!"}
    token = base64.b64encode(b"adm:hunter2!").decode()
    with HttpSink(lambda request: Answer(403, body=f"{request.headers} hunter2!".encode())) as sink:
        config["url"] = sink.url
        with open_channel(config) as channel, pytest.raises(TransientFailure) as caught:
            channel.send(delivery)
        shown = caplog.text + str(caught.value) + repr(channel)
    assert "***" in str(caught.value)
    assert "hunter2" not in shown
    assert token not in shown


def test_large_reports_arrive_whole(open_channel, delivery: Delivery) -> None:
    large = dataclasses.replace(delivery, report=json.dumps({"payload": "é" * 1_000_000}).encode())
    with HttpSink() as sink, open_channel({"url": sink.url}) as channel:
        channel.send(large)
        assert sink.wait_for(1)[0].body == large.report
