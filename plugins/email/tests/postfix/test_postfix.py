"""Messages go through a real mail server into Maildirs, and are read back from there."""

from __future__ import annotations

import json
import time

import pytest

from pulp_events import EventBus, PermanentFailure, TransientFailure
from pulp_events.testing.admin import Admin
from pulp_events_email.sample import CALL_REPORT, FAILED, STARTED

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def empty_boxes(postfix):
    yield
    for box in ("ops", "dev", "jose"):
        postfix.messages(box, 0)


@pytest.fixture
def bus(postfix, tmp_path):
    conf = tmp_path / "server.conf"
    conf.write_text(
        f"[events]\ndata_dir = {tmp_path}/data\n[email]\nenabled = true\nhost = 127.0.0.1\n"
        f"from = Pülp <pulp@mta.test>\nport = {postfix.port}\nsecurity = starttls\nca_path = {postfix.ca_path}\n"
    )
    with EventBus.open(config=conf, deliver="background") as bus:
        yield bus


def states(bus, event):
    return {one.target: (one.state, one.detail) for one in bus.wait(event, 30)}


def test_both_formats_arrive_in_the_mailbox_as_they_were_made(postfix, bus) -> None:
    for format in ("report", "readable"):
        bus.listeners.create(
            "email", {"subject": f"pülp {format}", "addresses": ["ops@box.test"], "format": format}, ["*"]
        )
    payload = {**FAILED, "text": "é.\n.\n" + "x" * 3000}
    event = bus.emit("repo.sync.finish", payload, CALL_REPORT)
    assert states(bus, event)["ops@box.test"][0] == "delivered"
    found = {message["Subject"]: message for message in postfix.messages("ops", 2)}
    for message in found.values():
        assert message.defects == []
        assert str(message["From"]) == "Pülp <pulp@mta.test>"
        assert message["References"] == f"<task.{CALL_REPORT['task_id']}@mta.test>"
        assert message["X-Pulp-Event-Id"] == event.id
        assert "with ESMTPS" in " ".join(message.get_all("Received"))
    report = {"call_report": CALL_REPORT, "event_type": "repo.sync.finish", "payload": payload}
    assert json.loads(found["pülp report"].get_content()) == report
    readable = found["pülp readable"]
    assert "Sync of pulp2 failed" in readable.get_body(("html",)).get_content()
    (attached,) = readable.iter_attachments()
    assert json.loads(attached.get_content()) == report


def test_each_recipient_has_an_outcome_of_its_own(postfix, bus) -> None:
    bus.listeners.create(
        "email",
        {"subject": "s", "addresses": ["ops@box.test", "nobody@box.test", "grey@box.test", "dev@box.test"]},
        ["*"],
        retry_schedule=[60.0],
    )
    event = bus.emit("repo.sync.start", STARTED)
    deadline = time.monotonic() + 60
    while not all(one.attempts and one.lease is None for one in bus.wait(event, 0.05)):
        assert time.monotonic() < deadline, bus.wait(event, 0)
    found = {one.target: one for one in bus.wait(event, 0)}
    assert {target: one.state for target, one in found.items()} == {
        "ops@box.test": "delivered", "dev@box.test": "delivered", "nobody@box.test": "dead", "grey@box.test": "pending",
    }  # fmt: skip
    assert found["nobody@box.test"].detail.startswith("RCPT: 550 5.1.1")
    grey = "450 4.2.0 <grey@box.test>: Recipient address rejected: Greylisted, try again in 5 minutes"
    assert found["grey@box.test"].detail == f"RCPT: {grey}"
    waits = (found["grey@box.test"].due - event.time).total_seconds()
    assert 40 < waits < 90, "by the schedule: what is asked for one recipient keeps no other waiting"
    assert len(postfix.messages("ops", 1)) == len(postfix.messages("dev", 1)) == 1


def test_an_address_beyond_ascii_arrives(postfix, bus) -> None:
    bus.listeners.create("email", {"subject": "s", "addresses": ["jösé@box.test"]}, ["*"])
    assert states(bus, bus.emit("repo.sync.start", STARTED))["jösé@box.test"][0] == "delivered"
    (message,) = postfix.messages("jose", 1)
    assert str(message["To"]) == "jösé@box.test"


@pytest.mark.parametrize("format", ["report", "readable"])
def test_what_is_too_large_for_it_is_left_out(postfix, open_channel, made, format) -> None:
    with open_channel(None, host="127.0.0.1", port=postfix.port, format=format) as channel:
        channel.send(made("repo.sync.start", {"text": "y" * 1_500_000}, target="ops@box.test"))
    (message,) = postfix.messages("ops", 1)
    assert "so it was left out" in message.get_body(("plain",)).get_content()


def test_relaying_that_is_refused_waits_for_an_administrator_and_an_unknown_name_does_not(
    postfix, open_channel, made, failure_of
) -> None:
    with open_channel(None, host="127.0.0.1", port=postfix.port) as channel:
        relay = failure_of(channel, made("x", {}, target="ops@elsewhere.test"))
        unknown = failure_of(channel, made("x", {}, target="nobody@box.test"))
    assert (type(relay), type(unknown)) == (TransientFailure, PermanentFailure)
    assert str(relay) == "RCPT: 554 5.7.1 <ops@elsewhere.test>: Relay access denied"


def test_headers_in_any_script_arrive_as_they_were_written(postfix, open_channel, made) -> None:
    subject = "저장소 동기화가 실패했습니다: 서버에서 오류가 발생했습니다 — Пакеты  同期 😀"
    sender = f'"{subject}" <pulp@mta.test>'
    with open_channel(None, subject, host="127.0.0.1", port=postfix.port, **{"from": sender}) as channel:
        channel.send(made("x", {}, target="ops@box.test"))
    (message,) = postfix.messages("ops", 1)
    assert message["Subject"] == subject
    assert "".join(message["From"].addresses[0].display_name.split()) == "".join(subject.split())


def test_messages_by_the_hundred_arrive_once_each(postfix, open_channel, made) -> None:
    with open_channel(None, host="127.0.0.1", port=postfix.port) as channel:
        for number in range(200):
            channel.send(made("x", {"number": number}, target="dev@box.test"))
    found = [json.loads(message.get_content())["payload"]["number"] for message in postfix.messages("dev", 200)]
    assert sorted(found) == list(range(200))


def test_its_sendmail_takes_messages_too(postfix, open_channel, made, failure_of) -> None:
    with open_channel(None, transport="sendmail", sendmail_path=postfix.sendmail()) as channel:
        channel.send(made("x", {"text": "a\n.\nb", "name": "ü"}, target="ops@box.test"))
        (message,) = postfix.messages("ops", 1)
        assert json.loads(message.get_content())["payload"] == {"text": "a\n.\nb", "name": "ü"}
        channel.send(made("x", {"text": "y" * 1_500_000}, target="ops@box.test"))
        (message,) = postfix.messages("ops", 1)
        assert "so it was left out" in message.get_content()
    with open_channel(None, transport="sendmail", sendmail_path="/usr/sbin/sendmail", timeout="10s") as channel:
        channel._settings["sendmail_path"] = "/bin/false"
        assert type(failure_of(channel, made("x", {}, target="ops@box.test"))) is TransientFailure


def test_the_probe_says_what_it_is(postfix, bus, tmp_path) -> None:
    shown = Admin(bus.settings.path, bus.plugins)("event", "config", "check", "--probe").out
    assert f"127.0.0.1:{postfix.port} greets with 220 mta.test ESMTP Postfix" in shown
    assert "PIPELINING" in shown
    assert "its certificate is valid until" in shown
    assert "the sender pulp@mta.test is accepted" in shown


def test_a_digest_arrives_whole(postfix, bus) -> None:
    bus.listeners.create(
        "email", {"subject": "s", "addresses": ["ops@box.test"], "format": "readable", "digest": "2s"}, ["*"]
    )
    events = [bus.emit("repo.sync.finish", FAILED, CALL_REPORT) for _ in range(50)]
    for event in events:
        assert states(bus, event)["ops@box.test"][0] == "delivered"
    counted = []
    while len(counted) < len(events):  # of two windows, if one ended meanwhile
        for message in postfix.messages("ops", 1):
            (attached,) = message.iter_attachments()
            assert "failed" in message["Subject"]
            counted += [event["id"] for event in json.loads(attached.get_content())["events"]]
    assert sorted(counted) == sorted(event.id for event in events)
