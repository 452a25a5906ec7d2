"""Time: short limits up to the last dot, a long one for the answer to it (RFC 5321 §4.5.3.2)."""

from __future__ import annotations

import threading

import pytest

from pulp_events import TimedOut
from pulp_events.testing.smtp_sink import HANG, SmtpSink
from pulp_events_email import limits
from pulp_events_email.notifier import EmailNotifier


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
def sink(request):
    with SmtpSink(pipelining=request.param) as sink:
        yield sink


@pytest.mark.slow
def test_an_answer_after_the_dot_that_takes_longer_than_the_time_limit_is_waited_for(
    sink, open_channel, delivery
) -> None:
    sink.reply("DATA", "250 2.0.0 Queued at last", delay=1.5)
    with open_channel(sink, timeout="1s") as channel:
        channel.send(delivery)
        assert channel.detail == "250 2.0.0 Queued at last"
        sink.clear_replies()
        channel.send(delivery)
    assert len(sink.received) == 2
    assert sink.connections == 1


def test_an_answer_that_is_given_up_a_moment_before_the_limit_has_timed_out_all_the_same(
    sink, open_channel, delivery, failure_of, monkeypatch
) -> None:
    # what a socket has is left as it is where it is nearly right, as each setting costs a system call
    monkeypatch.setattr(limits, "ANSWER_LIMIT", 0.29)
    sink.reply("DATA", HANG)
    with open_channel(sink, timeout="250ms") as channel:
        assert type(failure_of(channel, delivery)) is TimedOut


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT"])
@pytest.mark.slow
def test_all_before_the_dot_keeps_to_the_short_limit_also_after_a_long_answer(
    sink, open_channel, delivery, failure_of, command
) -> None:
    with open_channel(sink, messages_per_connection=1) as channel:
        sink.reply("DATA", "250 2.0.0 Queued at last", delay=0.4, times=1)
        channel.send(delivery)
        channel._limits._timeout = 0.3
        sink.reply(command, HANG)
        failure = failure_of(channel, delivery)
    assert type(failure) is TimedOut
    assert "no answer within 300ms" in str(failure)


def test_an_answer_that_never_comes_is_given_up_and_said_to_be_unknown(
    sink, open_channel, delivery, failure_of, monkeypatch
) -> None:
    monkeypatch.setattr(limits, "ANSWER_LIMIT", 0.2)
    sink.reply("DATA", HANG)
    with open_channel(sink) as channel:
        failure = failure_of(channel, delivery)
    assert type(failure) is TimedOut
    assert "no answer to the message within 200ms; the server may have accepted it" in str(failure)


def test_a_server_that_refuses_the_message_and_hangs_then_does_not_hold_us_for_long(
    sink, open_channel, delivery, failure_of
) -> None:
    sink.reply("DATA", "451 4.3.0 Later", times=1)
    sink.reply("RSET", HANG)
    with open_channel(sink) as channel:
        channel._limits._timeout = 1.0
        assert str(failure_of(channel, delivery)) == "DATA: 451 4.3.0 Later"
        channel._limits._timeout = 30.0
        channel.send(delivery)
        assert sink.connections == 2


def test_the_framework_allows_for_both() -> None:
    notifier = EmailNotifier()
    settings = notifier.settings_schema().load({"timeout": "30s"})
    assert 630 <= notifier.limit({}, settings) <= 660


def test_the_shares_of_those_that_are_tried_in_turn_use_all_the_time() -> None:
    deadline = limits.Limits(1000.0)
    deadline.begin()
    assert [seconds for _, seconds in deadline.shares("abcd")] == pytest.approx([250, 333, 500, 1000], rel=0.05)
    with deadline.within(1.0):
        assert deadline.left() <= 1.0
        with deadline.within(5.0):
            assert deadline.left() <= 1.0
    assert deadline.left() > 900.0


def test_a_limit_within_is_over_by_itself() -> None:
    deadline = limits.Limits(1000.0)
    deadline.begin()
    with pytest.raises(TimeoutError), deadline.within(0.01):
        threading.Event().wait(0.02)
        deadline.left()
    assert not deadline.over
