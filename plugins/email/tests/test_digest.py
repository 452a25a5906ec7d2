"""Digests: the events of a window in one message, counted exactly, each once."""

from __future__ import annotations

import dataclasses
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from pulp_events import EventBus, PermanentFailure, TransientFailure
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.smtp_sink import SmtpSink
from pulp_events_email.notifier import EmailNotifier
from pulp_events_email.sample import CALL_REPORT, FAILED, STARTED, SUCCEEDED

WINDOW = 900.0


@pytest.fixture(scope="module")
def window_of(delivery):
    """Deliveries of one window, one for each (event type, payload)."""

    def making(*events, target="someone@redhat.com"):
        return [
            dataclasses.replace(
                delivery,
                id=f"event-{number}.0",
                event_id=f"event-{number}",
                event_type=event_type,
                event_time=datetime(2012, 10, 19, 19, 0, tzinfo=UTC) + timedelta(seconds=number),
                report=json.dumps({"call_report": CALL_REPORT, "event_type": event_type, "payload": payload}).encode(),
                target=target,
            )
            for number, (event_type, payload) in enumerate(events)
        ]

    return making


@pytest.fixture(scope="module")
def three(window_of):
    return window_of(
        ("repo.sync.start", STARTED), ("repo.sync.finish", FAILED), ("repo.publish.finish", SUCCEEDED)
    )  # fmt: skip


@pytest.fixture(scope="session")
def composed_digest():
    from pulp_events_email.message import Composer

    def composing(deliveries, subject="pulp", **config):
        settings = {"from_": "no-reply@your.domain", "format": "report"}
        return Composer({"subject": subject, "digest": WINDOW, **config}, settings).compose_digest(deliveries, "a@b.c")

    return composing


def test_the_report_format_is_json_with_counts_and_every_report(three, composed_digest, parsed, assert_valid) -> None:
    raw = composed_digest(three)
    assert_valid(raw)
    message = parsed(raw)
    assert message.get_content_type() == "text/plain"
    assert message["Subject"] == "pulp: 3 events, 1 failed"
    assert message["X-Pulp-Event-Count"] == "3"
    assert message["Date"] == "Fri, 19 Oct 2012 19:00:02 +0000"
    found = json.loads(message.get_content())
    assert found["count"] == 3
    assert found["event_types"] == {"repo.publish.finish": 1, "repo.sync.finish": 1, "repo.sync.start": 1}
    assert [event["id"] for event in found["events"]] == [one.event_id for one in three]
    for event, one in zip(found["events"], three, strict=True):
        assert event["time"] == f"{one.event_time:%Y-%m-%dT%H:%M:%SZ}"
        assert {key: event[key] for key in ("call_report", "event_type", "payload")} == json.loads(one.report)


def test_the_readable_format_counts_states_tells_each_event_and_attaches_the_reports(three, composed_digest, parsed):
    message = parsed(composed_digest(three, format="readable"))
    text = message.get_body(("plain",)).get_content()
    assert text.startswith("✘ 3 events, 1 failed\n")
    assert "2012-10-19 19:00 to 19:15 UTC" in text
    for line in (
        "failed:     1",
        "succeeded:  1",
        "started:    1",
        "✘ Sync of pulp2 failed",
        "▶ Sync of pulp2 started",
    ):
        assert line in text
    html = message.get_body(("html",)).get_content()
    assert html.isascii()
    assert html.count("Sync of pulp2") == 2
    assert "cannot be resolved" in html
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "events.json"
    assert [event["id"] for event in json.loads(attached.get_content())["events"]] == [one.event_id for one in three]


def test_the_message_id_is_that_of_what_is_in_it(three, composed_digest, parsed) -> None:
    again = [dataclasses.replace(one, attempts=4, lease="other") for one in three]
    assert composed_digest(three) == composed_digest(again)
    first, fewer = (parsed(composed_digest(part))["Message-ID"] for part in (three, three[:2]))
    assert first != fewer


def test_thousands_of_events_are_counted_exactly_and_told_in_part(window_of, composed_digest, parsed) -> None:
    many = window_of(*[("repo.sync.finish", FAILED if n % 4 == 0 else SUCCEEDED) for n in range(3000)])
    message = parsed(composed_digest(many, format="readable"))
    assert message["Subject"] == "pulp: 3000 events, 750 failed"
    html = message.get_body(("html",)).get_content()
    assert "2800 more are in events.json" in html
    assert len(html) < 300_000
    (attached,) = message.iter_attachments()
    assert json.loads(attached.get_content())["count"] == len(json.loads(attached.get_content())["events"]) == 3000


def test_templates_of_digests(three, composed_digest, parsed, tmp_path) -> None:
    (tmp_path / "digest.txt").write_text(
        "{{ title }} {{ period }}{% for e in events %}\n{{ e.event_type }} {{ e.payload.repo_id }}{% endfor %}\n"
        "{% for s, n in counts.items() %}{{ s }}={{ n }} {% endfor %}{{ count }}"
    )
    (tmp_path / "digest.html").write_text("{% for s in summaries %}<p>{{ s.title }}{% endfor %}")
    subject = "{{ count }} events, last {{ event.event_type }}"
    notifier = EmailNotifier()
    config = {"subject": subject, "addresses": "a@b.c", "digest": "15m", "template": str(tmp_path)}
    notifier.check(notifier.config_schema().load(config))
    message = parsed(composed_digest(three, subject, template=str(tmp_path)))
    assert message["Subject"] == "3 events, last repo.publish.finish"
    assert message.get_body(("plain",)).get_content().splitlines() == [
        "3 events, 1 failed 2012-10-19 19:00 to 19:15 UTC",
        "repo.sync.start pulp2", "repo.sync.finish pulp2", "repo.publish.finish pulp2",
        "failed=1 succeeded=1 started=1 3",
    ]  # fmt: skip
    assert message.get_body(("html",)).get_content().count("<p>") == 3
    (tmp_path / "digest.txt").write_text("{% if %}")
    broken = parsed(composed_digest(three, template=str(tmp_path)))
    note, _, rest = broken.get_content().partition("\n\n")
    assert "could not be used: digest.txt, line 1" in note
    assert json.loads(rest)["count"] == 3
    (tmp_path / "digest.txt").unlink()
    (tmp_path / "digest.html").unlink()
    with pytest.raises(ValidationError, match=r"no readable digest.txt or digest.html"):
        notifier.check(notifier.config_schema().load(config))


@pytest.mark.parametrize("digest", ["0s", "8d", "often", "500ms", -1])
def test_a_window_is_from_a_second_to_a_week(digest) -> None:
    with pytest.raises(ValidationError):
        EmailNotifier().config_schema().load({"subject": "s", "addresses": "a@b.c", "digest": digest})


def test_it_is_stored_and_shown_as_it_was_written() -> None:
    schema = EmailNotifier().config_schema()
    loaded = schema.load({"subject": "s", "addresses": "a@b.c", "digest": "15m"})
    assert (loaded["digest"], schema.dump(loaded)["digest"]) == (900.0, "15m")
    assert EmailNotifier().window(loaded) == 900.0
    assert EmailNotifier().window(schema.load({"subject": "s", "addresses": "a@b.c"})) is None


def test_one_message_goes_to_each_target_and_one_outcome_to_each_delivery(open_channel, window_of, failure_of) -> None:
    events = [("repo.sync.finish", SUCCEEDED)] * 3
    both = [*window_of(*events, target="a@x.example"), *window_of(*events, target="gone@x.example")]
    with SmtpSink() as sink, open_channel(sink, listener={"digest": "15m"}) as channel:
        sink.reply("RCPT", "550 5.1.1 No such user", recipient="gone@x.example")
        outcomes = list(channel.send_batch(both))
        assert [one for one, _ in outcomes] == both
        assert [failure for _, failure in outcomes[:3]] == [None] * 3
        assert {type(failure) for _, failure in outcomes[3:]} == {PermanentFailure}
        assert [one.recipients for one in sink.messages] == [("a@x.example",)]


def test_sendmail_and_a_channel_without_digest_take_batches_too(open_channel, three, tmp_path) -> None:
    program = tmp_path / "sendmail"
    program.write_text(f"#!/bin/sh\ncat >>{tmp_path}/mail; echo END >>{tmp_path}/mail\n")
    program.chmod(0o755)
    for listener, messages in (({"digest": "15m"}, 1), ({}, 3)):
        with open_channel(None, transport="sendmail", sendmail_path=str(program), listener=listener) as channel:
            assert [failure for _, failure in channel.send_batch(three)] == [None] * 3
        assert (tmp_path / "mail").read_text().count("\nEND\n") == messages
        (tmp_path / "mail").unlink()


def open_bus(tmp_path, sink, clock=None, deliver="inline"):
    conf = tmp_path / "server.conf"
    conf.write_text(f"[email]\nenabled = true\nhost = {sink.host}\nport = {sink.port}\n")
    return EventBus.open(config=conf, deliver=deliver, data_dir=tmp_path / "data", clock=clock)


def test_through_the_bus_with_a_greylisting_server_and_a_bad_address(tmp_path) -> None:
    clock = FakeClock()
    clock.advance(WINDOW - clock.time() % WINDOW)
    with SmtpSink() as sink, open_bus(tmp_path, sink, clock) as bus:
        addresses = ["a@x.example", "grey@x.example", "gone@x.example"]
        bus.listeners.create("email", {"subject": "s", "addresses": addresses, "digest": "15m"}, ["*"])
        sink.reply("RCPT", "450 4.2.0 Greylisted, try again in 5 minutes", recipient="grey@x.example", times=1)
        sink.reply("RCPT", "550 5.1.1 No such user", recipient="gone@x.example")
        events = [bus.emit("repo.sync.start", {"n": n}) for n in range(5)]
        assert sink.messages == []
        clock.advance(WINDOW + 1)
        bus.deliver_due()
        late = bus.emit("repo.sync.start", {"n": 5})
        clock.advance(301)
        bus.deliver_due()
        clock.advance(WINDOW)
        bus.deliver_due()
        found = {}
        for one in sink.messages:
            counted = [event["id"] for event in json.loads(one.message.get_content())["events"]]
            found.setdefault(one.recipients[0], []).append(counted)
        first, second = [event.id for event in events], [late.id]
        assert found == {"a@x.example": [first, second], "grey@x.example": [first, second]}
        states = {(one.target, one.state, one.attempts) for event in events for one in bus.wait(event, 0)}
        assert states == {
            ("a@x.example", "delivered", 1), ("grey@x.example", "delivered", 2), ("gone@x.example", "dead", 1)
        }  # fmt: skip


@pytest.mark.slow
def test_in_the_background_it_comes_when_its_window_is_over_and_a_test_comes_at_once(tmp_path) -> None:
    with SmtpSink() as sink, open_bus(tmp_path, sink, deliver="background") as bus:
        listener = bus.listeners.create("email", {"subject": "s", "addresses": ["a@x.example"], "digest": "2s"}, ["*"])
        (trial,) = bus.test_listener(listener.id)
        assert trial.outcome == "delivered"
        assert sink.messages[0].message["Subject"] == "[test] s: 1 event"
        began = time.monotonic()
        events = [bus.emit("repo.sync.start", {"n": n}) for n in range(20)]
        for event in events:
            assert [one.state for one in bus.wait(event, 60)] == ["delivered"]
        assert time.monotonic() - began < 45
        counted = [
            event["id"]
            for one in sink.messages[1:]
            for event in json.loads(one.message.get_content())["events"]
        ]  # fmt: skip
        assert sorted(counted) == sorted(event.id for event in events)


def test_a_failure_of_one_window_keeps_it_whole(tmp_path) -> None:
    clock = FakeClock()
    clock.advance(WINDOW - clock.time() % WINDOW)
    with SmtpSink() as sink, open_bus(tmp_path, sink, clock) as bus:
        bus.listeners.create("email", {"subject": "s", "addresses": ["a@x.example"], "digest": "15m"}, ["*"])
        for number in range(3):
            bus.emit("repo.sync.start", {"n": number})
        sink.reply("DATA", "451 4.3.0 taken, but the answer got lost", times=1)
        clock.advance(WINDOW + 1)
        bus.deliver_due()
        clock.advance(10)
        bus.deliver_due()
        first, second = sink.received
        assert (first.accepted, second.accepted) == (False, True)
        assert first.raw == second.raw


values = st.text(max_size=30) | st.none() | st.integers() | st.lists(st.text(max_size=5), max_size=3)
payloads = st.dictionaries(st.sampled_from(["repo_id", "result", "error_message", "added_count"]) | st.text(max_size=9),
                           values, max_size=5)  # fmt: skip


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["repo.sync.start", "repo.sync.finish", "x"]), payloads), min_size=1, max_size=6
    ),
    st.sampled_from(["report", "readable"]),
    st.sampled_from(["s", "{{ count }} {{ events }}", "ü" * 200]),
)
def test_any_events_make_a_valid_message_that_has_them_all(
    window_of, composed_digest, parsed, assert_valid, events, format, subject
) -> None:
    deliveries = window_of(*events)
    raw = composed_digest(deliveries, subject, format=format)
    assert_valid(raw)
    message = parsed(raw)
    text = message.get_content() if format == "report" else next(message.iter_attachments()).get_content().decode()
    found = json.loads(text)
    assert found["count"] == len(events)
    assert [(event["event_type"], event["payload"]) for event in found["events"]] == events


def test_a_report_that_is_nested_too_deeply_does_not_keep_the_others_back(three, composed_digest, parsed) -> None:
    deep = b'{"call_report": {}, "event_type": "x", "payload":' + b"[" * 5000 + b"]" * 5000 + b"}"
    odd = [*three, dataclasses.replace(three[0], id="deep.0", event_id="deep", report=deep)]
    for config in ({}, {"format": "readable"}, {"subject": "{{ count }}"}):
        message = parsed(composed_digest(odd, **config))
        assert message["X-Pulp-Event-Count"] == "4"
    found = json.loads(parsed(composed_digest(odd)).get_content())
    assert found["events"][3]["report"] == deep.decode()


def test_an_unexpected_failure_is_that_of_the_window(open_channel, three, monkeypatch) -> None:
    with SmtpSink() as sink, open_channel(sink, listener={"digest": "15m"}) as channel:
        sink.reply("MAIL", "451 4.3.0 later", times=1)
        assert {type(failure) for _, failure in channel.send_batch(three)} == {TransientFailure}
        assert [failure for _, failure in channel.send_batch(three)] == [None] * 3
        assert len(sink.messages) == 1


@pytest.mark.parametrize("format", ["report", "readable"])
def test_what_is_too_large_for_the_server_comes_without_the_reports(open_channel, window_of, format) -> None:
    many = window_of(*[("repo.sync.finish", {**FAILED, "text": "x" * 1000})] * 300)
    with (
        SmtpSink(size_limit=200_000) as sink,
        open_channel(sink, listener={"digest": "15m", "format": format}) as channel,
    ):
        assert {failure for _, failure in channel.send_batch(many)} == {None}
        (received,) = sink.messages
    message = received.message
    assert message["Subject"] == "pulp notification: 300 events, 300 failed"
    assert len(received.raw) < 200_000
    for kind in ("plain", "html")[: 1 if format == "report" else 2]:
        assert "The event reports are larger than the mail server accepts" in message.get_body((kind,)).get_content()
        assert "250 more are not shown" in message.get_body((kind,)).get_content()
