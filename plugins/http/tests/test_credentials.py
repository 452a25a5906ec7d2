"""Tokens and headers: what is sent, what is refused, and that nobody else sees it."""

from __future__ import annotations

import base64
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from pulp_events import Delivery, TransientFailure
from pulp_events.testing.http_sink import Answer, HttpSink
from pulp_events_http.config import HttpConfig
from pulp_events_http.headers import parse_header


def refused(**config: object) -> str:
    with pytest.raises(ValidationError) as caught:
        HttpConfig().load({"url": "https://h/", **config})
    return str(caught.value.messages)


def test_a_token_and_headers_are_sent(open_channel, delivery: Delivery) -> None:
    config = {"token": "abc.def-1", "header": ["X-Api-Key:  k: 1 ", "user-agent: mine"]}
    with HttpSink() as sink, open_channel({"url": sink.url, **config}) as channel:
        channel.send(delivery)
        headers = sink.wait_for(1)[0].headers
    assert headers["authorization"] == "Bearer abc.def-1"
    assert headers["x-api-key"] == "k: 1"
    assert headers["user-agent"] == "mine"


def test_headers_may_be_lines_of_a_file_that_is_read_when_a_channel_opens(
    pulp_events_bus, pulp_events_http_sink, tmp_path
) -> None:
    path = tmp_path / "headers"
    path.write_text("X-One: 1\nX-Two: 2\n")
    pulp_events_bus.listeners.create(
        "http", {"url": pulp_events_http_sink.url, "header": {"$file": str(path)}}, ["repo.#"]
    )
    pulp_events_bus.emit("repo.sync.start", {"repo_id": "pulp2"})
    headers = pulp_events_http_sink.wait_for(1)[0].headers
    assert (headers["x-one"], headers["x-two"]) == ("1", "2")


def test_an_authorization_of_another_kind_is_a_header(open_channel, delivery: Delivery) -> None:
    with HttpSink() as sink, open_channel({"url": sink.url, "header": ["Authorization: Token s3cret"]}) as channel:
        channel.send(delivery)
        assert sink.wait_for(1)[0].headers["authorization"] == "Token s3cret"


@pytest.mark.parametrize("header", [
    "no colon", ": empty name", "Na me: x", "X:", "X: \x00", "X: a\r\nY: b", "X: a\nb", "X: ü", "Ü: x",
    "Host: x", "content-length: 1", "Transfer-Encoding: chunked", "Connection: close", "Accept-Encoding: gzip",
    "Content-Type: text/plain", "Pulp-Event-Id: x", "webhook-signature: x", "ce-id: x", "Proxy-Authorization: x",
    "Upgrade: h2c", "Expect: 100-continue",
])  # fmt: skip
def test_a_header_that_cannot_be_is_refused(header: str) -> None:
    assert "header" in refused(header=[header])


def test_what_contradicts_itself_is_refused() -> None:
    assert "twice" in refused(header=["X-A: 1", "x-a: 2"])
    assert "Authorization" in refused(header=["Authorization: x"], token="t")
    assert "Authorization" in refused(header=["authorization: x"], username="u", password="p")
    assert "token" in refused(token="t", username="u", password="p")
    assert "token" in refused(token="two words")
    assert "cert" in refused(key="/etc/key.pem")
    assert "'secret'" in refused(previous_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


def test_a_refused_header_is_not_shown() -> None:
    assert "hunter2" not in refused(header=["hunter2"])
    assert "hunter2" not in refused(header=["X-Key: hunter2\x01"])


@given(st.text(max_size=50) | st.from_regex(r"[A-Za-z-]{1,10}: ?.{0,20}"))
def test_a_header_that_is_taken_cannot_break_out_of_its_line(text: str) -> None:
    try:
        name, value = parse_header(text)
    except ValueError as error:
        assert str(error)
    else:
        assert name and value
        assert name.isascii() and value.isascii()
        assert not set("\r\n\0") & set(name + value)


@given(st.from_regex(r"[A-Za-z]{1,8}-[A-Za-z]{1,8}: [!-~]{1,20}", fullmatch=True))
def test_what_is_taken_arrives_as_it_is(text: str) -> None:
    name, value = text.split(": ", 1)
    try:
        assert parse_header(text) == (name, value)
    except ValueError:
        assert name.lower().startswith(("ce-", "pulp-", "webhook-")) or "-" in name


SECRETS = {
    "token": "t0ken-hunter2",
    "header": "X-Key: h3ader-hunter2",
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "previous_secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
}


@pytest.mark.parametrize("status", [200, 403])
def test_nothing_secret_is_in_a_log_text_or_detail_even_if_the_receiver_repeats_it(
    open_channel, delivery: Delivery, caplog, status: int
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = " ".join(SECRETS.values()).encode()
    with HttpSink(lambda request: Answer(status, body=f"{request.headers}".encode() + echo)) as sink:
        config = {"url": f"{sink.url}/hook?key=qu3ry-hunter2", **SECRETS, "header": [SECRETS["header"]]}
        with open_channel(config) as channel:
            try:
                channel.send(delivery)
                shown = channel.detail
            except TransientFailure as failure:
                shown = str(failure)
            shown += repr(channel)
        assert sink.requests[0].path == "/hook?key=qu3ry-hunter2"
    shown += caplog.text
    assert "********" in shown
    assert "hunter2" not in shown
    assert "MfKQ9r8GKYqrTwjUPD8" not in shown
    assert "C2FVsBQIhrscChlQIMV" not in shown


def test_malformed_headers_that_repeat_a_secret_are_not_logged(open_channel, delivery: Delivery, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    token = base64.b64encode(b"adm:hunter2!").decode()

    def echo(request) -> Answer:
        return Answer(200, {"no colon here hunter2! " + request.headers["authorization"] + "\r\n bad": "1"})

    with HttpSink(echo) as sink:
        config = {"url": sink.url + "/?key=hunter2", "username": "adm", "password": "hunter2!"}
        with open_channel(config, {"timeout": "300ms"}) as channel:
            try:
                channel.send(delivery)
                shown = channel.detail
            except Exception as error:
                shown = str(error)
    assert "hunter2" not in shown + caplog.text
    assert token not in shown + caplog.text
