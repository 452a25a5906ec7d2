"""What is too large for the mail server is left out, and the message says so."""

from __future__ import annotations

import dataclasses

import pytest

from pulp_events import PermanentFailure
from pulp_events.testing.smtp_sink import SmtpSink

LIMIT = 200_000
PAYLOAD = {"repo_id": "pulp2", "result": "success", "added_count": 12, "text": "x" * 400_000}


@pytest.fixture(params=["announced", "not announced", "announced, one by one"])
def sink(request):
    announced = request.param != "not announced"
    with SmtpSink(size_limit=LIMIT, announce_size=announced, pipelining="one" not in request.param) as sink:
        yield sink


@pytest.fixture
def large(made):
    return made("repo.sync.finish", PAYLOAD)


def test_a_report_that_is_too_large_comes_as_a_short_text_with_its_ids(sink, open_channel, large) -> None:
    with open_channel(sink) as channel:
        channel.send(large)
        (received,) = sink.wait_for(1)
        assert sink.connections == 1
    message = received.message
    assert message["Subject"] == "pulp notification"
    assert message["Message-ID"] == f"<{large.id}@your.domain>"
    assert message.get_content().splitlines() == [
        f"The event report, {len(large.report)} bytes, is larger than the mail server accepts, so it was left out. "
        f"`pulp-admin event delivery show {large.id}` shows it.",
        "",
        "Event type: repo.sync.finish",
        f"Event id: {large.event_id}",
        f"Delivery id: {large.id}",
        f"Size of the report: {len(large.report)} bytes",
    ]


def test_a_readable_message_keeps_what_it_says_and_leaves_the_report_out(sink, open_channel, large) -> None:
    with open_channel(sink, listener={"format": "readable"}) as channel:
        channel.send(large)
        (received,) = sink.wait_for(1)
    text, html = (received.message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for body in (text, html):
        assert "Sync of pulp2 succeeded" in body
        assert f"The event report, {len(large.report)} bytes, is larger than the mail server accepts" in body
        assert "xxxx" not in body
    assert list(received.message.iter_attachments()) == []


@pytest.mark.parametrize("wording", ["{{ summary.title }}", "{{ report }}"])
def test_templates_are_used_as_long_as_they_are_not_what_is_too_large(
    sink, open_channel, large, tmp_path, wording
) -> None:
    (tmp_path / "message.txt").write_text("Hello: " + wording)
    with open_channel(sink, listener={"template": str(tmp_path)}) as channel:
        channel.send(large)
        (received,) = sink.wait_for(1)
    text = received.raw.decode()
    assert ("Hello: Sync of pulp2 succeeded" in text) == ("title" in wording)
    assert "is larger than the mail server accepts" in text.replace("=\r\n", "")


def test_what_fits_is_left_as_it_is(sink, open_channel, made) -> None:
    with open_channel(sink, listener={"format": "readable"}) as channel:
        channel.send(made("repo.sync.finish", {"repo_id": "pulp2", "text": "x" * 20_000}))
        (received,) = sink.wait_for(1)
    assert len(list(received.message.iter_attachments())) == 1


def test_a_digest_comes_without_its_reports(sink, open_channel, large) -> None:
    with open_channel(sink, listener={"digest": "1s"}) as channel:
        together = [dataclasses.replace(large, id=f"{large.event_id}.{number}") for number in range(3)]
        assert all(failure is None for _, failure in channel.send_batch(together))
        (received,) = sink.wait_for(1)
    assert "The event reports are larger than the mail server accepts" in received.message.get_content()


def test_a_server_that_takes_not_even_that_has_refused_it(open_channel, large, failure_of) -> None:
    with SmtpSink(size_limit=100) as sink, open_channel(sink) as channel:
        failure = failure_of(channel, large)
    assert type(failure) is PermanentFailure
    assert "552" in str(failure)


def test_a_small_limit_counts_for_small_reports_too(open_channel, made) -> None:
    with SmtpSink(size_limit=10_000) as sink, open_channel(sink) as channel:
        channel.send(made("repo.sync.finish", {"text": "x" * 20_000}))
        assert "was left out" in sink.wait_for(1)[0].message.get_content()


def test_the_program_sendmail_gets_a_shorter_message_too(open_channel, large, tmp_path) -> None:
    program = tmp_path / "sendmail"
    program.write_text(
        f'#!/bin/sh\ncat >{tmp_path}/mail\n[ "$(wc -c <{tmp_path}/mail)" -lt {LIMIT} ] && exit 0\n'
        'echo "fatal: message file too big"; exit 75\n'
    )
    program.chmod(0o755)
    with open_channel(None, transport="sendmail", sendmail_path=str(program)) as channel:
        channel.send(large)
    assert b"so it was left out" in (tmp_path / "mail").read_bytes()


def test_a_full_mailbox_gets_nothing_shorter(open_channel, large, failure_of) -> None:
    with SmtpSink() as sink, open_channel(sink) as channel:
        sink.reply("RCPT", "552 5.2.2 Mailbox full")
        assert type(failure_of(channel, large)) is PermanentFailure
        assert sink.commands.count("RCPT") == 1
