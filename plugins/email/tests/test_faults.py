"""Servers that misbehave, with PIPELINING and without."""

from __future__ import annotations

import json

import pytest

from pulp_events import EventBus, PermanentFailure, TransientFailure
from pulp_events.testing.smtp_sink import DROP, HANG, SmtpSink
from pulp_events_email import limits


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
def sink(request):
    with SmtpSink(pipelining=request.param) as sink:
        yield sink


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "kind"), [("451 4.7.1 Later", TransientFailure), ("554 5.6.0 No", PermanentFailure)]
)
def test_a_refusal_leaves_the_connection_fit_for_the_next(
    sink, open_channel, delivery, failure_of, command, answer, kind
) -> None:
    with open_channel(sink) as channel:
        sink.reply(command, answer, times=1)
        failure = failure_of(channel, delivery)
        expected = TransientFailure if command == "MAIL" else kind  # which is about the sender
        assert (type(failure), str(failure)) == (expected, f"{command}: {answer}")
        channel.send(delivery)
        assert (len(sink.wait_for(1)), sink.connections) == (1, 1)


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", [DROP, "421 4.3.2 Shutting down", "gibberish"])
def test_a_connection_that_ends_is_replaced(sink, open_channel, delivery, failure_of, command, answer) -> None:
    with open_channel(sink) as channel:
        sink.reply(command, answer, times=1)
        assert type(failure_of(channel, delivery)) is TransientFailure
        channel.send(delivery)
        assert (len(sink.wait_for(1)), sink.connections) == (1, 2)


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_one_bad_recipient_neither_blocks_nor_repeats_the_others(sink, open_channel, to, failure_of, command) -> None:
    with open_channel(sink) as channel:
        sink.reply(command, "550 5.1.1 No such user", recipient="gone@redhat.com")
        for name in ("a", "b"):
            channel.send(to(f"{name}@redhat.com"))
            assert type(failure_of(channel, to("gone@redhat.com"))) is PermanentFailure
        assert [one.recipients[0] for one in sink.wait_for(2)] == ["a@redhat.com", "b@redhat.com"]
        assert sink.connections == 1


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ("450 4.7.1 Too much mail, try again in 5 minutes", 300),
        ("421 4.3.2 Busy, come back after 10 seconds", 10),
        ("451 4.7.1 Throttled, please come back in 00:04:59", None),
        ("450 4.2.0 Deferred for 30 seconds", 30),
        ("450 4.7.1 Please wait 2 min and retry", 120),
        ("451 4.3.0 Try again later", None),
    ],
)
@pytest.mark.parametrize("command", ["CONNECT", "MAIL"])
def test_a_server_that_says_how_long_to_wait_is_heeded(
    sink, open_channel, delivery, failure_of, command, answer, seconds
) -> None:
    with open_channel(sink) as channel:
        sink.reply(command, answer, times=1)
        failure = failure_of(channel, delivery)
        assert isinstance(failure, TransientFailure)
        assert failure.retry_after == seconds


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_recipient_that_is_greylisted_keeps_no_other_waiting(
    sink, open_channel, delivery, failure_of, command
) -> None:
    with open_channel(sink) as channel:
        sink.reply(command, "450 4.2.0 Greylisted, try again in 5 minutes", times=1)
        failure = failure_of(channel, delivery)
        assert (type(failure), failure.retry_after) == (TransientFailure, None)


@pytest.mark.sample(1)
@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_server_that_hangs_in_the_middle_ends_with_the_time_limit(
    sink, open_channel, delivery, failure_of, monkeypatch, command
) -> None:
    with open_channel(sink) as channel:
        sink.reply(command, HANG, times=1)
        with monkeypatch.context() as patched:
            patched.setattr(limits, "ANSWER_LIMIT", 0.3)
            patched.setattr(channel._limits, "_timeout", 0.3)
            assert "within 300ms" in str(failure_of(channel, delivery))
        channel.send(delivery)
        assert len(sink.wait_for(1)) == 1


def test_a_server_that_closes_after_each_message_gets_each_once(sink, open_channel, to) -> None:
    with open_channel(sink) as channel:
        for number in range(4):
            channel.send(to(f"{number}@redhat.com"))
            sink.drop_connections()
        assert [one.recipients[0] for one in sink.wait_for(4)] == [f"{n}@redhat.com" for n in range(4)]


def test_a_message_whose_making_fails_leaves_no_connection_in_the_middle(sink, open_channel, delivery, monkeypatch):
    with open_channel(sink) as channel:
        with monkeypatch.context() as patched:
            patched.setattr(channel._composer, "compose", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                channel.send(delivery)
        channel.send(delivery)
        assert [one.recipients for one in sink.wait_for(1)] == [("someone@redhat.com",)]
        assert sink.connections == 2


@pytest.mark.parametrize("extensions", ["PIPELINING\r\n250-SIZE", "SIZE 100000", "PIPELINING", "HELP"])
def test_each_message_is_announced_with_its_size_where_the_server_offers_that(
    scripted, open_channel, made, extensions
) -> None:
    with (
        scripted(lambda *_: None, extensions=extensions) as server,
        open_channel(None, host="127.0.0.1", port=server.port) as channel,
    ):
        for length in (1, 70_000):
            channel.send(made("repo.sync.start", {"text": "x" * length}))
    offered = [line for line in server.lines if line.startswith(b"MAIL")]
    sizes = [f" SIZE={len(one)}".encode() if "SIZE" in extensions else b"" for one in server.messages]
    assert offered == [b"MAIL FROM:<no-reply@your.domain>" + size for size in sizes]
    assert len(sizes) == 2


def test_through_the_bus_each_recipient_has_its_own_attempts(sink, tmp_path) -> None:
    conf = tmp_path / "server.conf"
    conf.write_text(f"[email]\nenabled = true\nhost = {sink.host}\nport = {sink.port}\n")
    with EventBus.open(config=conf, deliver="background", data_dir=tmp_path / "data") as bus:
        bus.listeners.create(
            "email",
            {"subject": "s", "addresses": ["a@x.example", "grey@x.example", "gone@x.example"]},
            ["*"],
            retry_schedule=[0.01, 0.01],
        )
        sink.reply("RCPT", "450 4.2.0 Greylisted", recipient="grey@x.example", times=1)
        sink.reply("RCPT", "550 5.1.1 No such user", recipient="gone@x.example")
        event = bus.emit("repo.sync.start", {"repo_id": "pulp2"})
        found = {one.target: one for one in bus.wait(event, 60)}
        assert {target: (one.state, one.attempts) for target, one in found.items()} == {
            "a@x.example": ("delivered", 1),
            "grey@x.example": ("delivered", 2),
            "gone@x.example": ("dead", 1),
        }
    assert sorted(one.recipients[0] for one in sink.messages) == ["a@x.example", "grey@x.example"]
    assert all(json.loads(one.message.get_content())["payload"] == {"repo_id": "pulp2"} for one in sink.messages)
