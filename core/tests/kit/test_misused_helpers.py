"""Helpers for tests that are given nonsense: they say so at the call, and not in a thread of theirs, or never."""

import pytest

from pulp_events import EventBus, PluginError
from pulp_events.testing import open_bus, plugins_of
from pulp_events.testing.http_sink import Answer, HttpSink
from pulp_events.testing.recording import record_events
from pulp_events.testing.smtp_sink import DROP, HANG, SmtpSink


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ({"fault": "explode"}, ValueError, "^fault='explode' is unknown; use one of close, reset, garbage"),
        ({"status": "503"}, ValueError, "^status='503' is none; give a number"),
        ({"status": 5030}, ValueError, "^status=5030 is none"),
        ({"body": "text"}, TypeError, "^body='text' is of type str; give bytes"),
        ({"headers": ["a"]}, TypeError, "^headers=.* is no mapping"),
    ],
)
def test_an_answer_that_is_none_is_refused_where_it_is_made(given, error, text):
    with pytest.raises(error, match=text):
        Answer(**given)


@pytest.mark.parametrize("answer", [503, [], [503], "503", None, {}])
def test_a_sink_is_not_given_what_is_no_answer(answer):
    with pytest.raises(TypeError, match="is none; give an Answer, such as"):
        HttpSink(answer)
    with HttpSink() as sink, pytest.raises(TypeError, match="is none; give an Answer, such as"):
        sink.answer = answer


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (("RCTP", "451 x"), "^command='RCTP' is never answered; use one of CONNECT, EHLO"),
        (("AUTH DIGEST", "451 x"), "^command='AUTH DIGEST' is never answered"),
        (("MAIL", "451 x", "a@x.example"), "^recipient= is for RCPT and DATA, not for MAIL"),
    ],
)
def test_a_reply_that_no_client_would_get_is_refused(given, text):
    command, answer, *recipient = given
    with SmtpSink() as sink:
        with pytest.raises(ValueError, match=text):
            sink.reply(command, answer, recipient=recipient[0] if recipient else None)
        for each in ("451", "451 4.7.1 Later", "gibberish", DROP, HANG):
            sink.reply("auth login", each)


@pytest.mark.parametrize("plugin", [int, 5, "http", object()])
def test_what_is_no_plugin_is_refused(tmp_path, plugin):
    with pytest.raises(PluginError, match=r"has no hook marked with @hookimpl; give one that has"):
        plugins_of(plugin)
    with pytest.raises(PluginError, match="has no hook"), open_bus(tmp_path, plugin):
        pass


def test_an_event_that_is_not_there_says_what_is():
    with record_events() as events, EventBus.open(settings={}, plugins=False) as bus:
        with pytest.raises(IndexError, match=r"^there is no event \[0\]: nothing was emitted$"):
            _ = events[0]
        bus.emit("repo.sync.start", {"repo_id": "a"})
        with pytest.raises(IndexError, match=r"^there is no event \[1\]: 1 emitted: repo.sync.start$"):
            _ = events[1]
        with pytest.raises(IndexError, match=r"^there is no \[0\] in <no repo.sync.finish.*emitted: repo.sync.start>$"):
            _ = events.emitted("repo.sync.finish")[0]
        assert events[-1].event_type == events[0].event_type and len(events[:5]) == 1
