"""`listener mute` and `unmute`: what is shown, what waits, what is dropped."""

from __future__ import annotations

import re

HTTP = ("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/")
EMIT = ("event", "emit", "repo.sync.start", "--timeout=5s")


def test_a_muted_listener_says_until_when_and_its_events_wait(admin):
    one = ("--listener-id", admin.listener(*HTTP))
    assert admin.ok("event", "listener", "mute", *one, "--for=2h").out == "Event listener successfully muted\n"
    assert re.search(
        r"^Muted Until: +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+$", admin.ok("event", "listener", "list").out, re.M
    )
    run = admin(*EMIT)
    assert (
        run.code == 1
        and "waiting: the listener is muted until" in run.out
        and "1 of 1 delivery is still pending" in run.err
    )
    assert admin.ok("event", "listener", "unmute", *one).out == "Event listener successfully unmuted\n"
    assert "Muted" not in admin.ok("event", "listener", "list").out
    assert admin.ok("event", "listener", "unmute", *one).out == "No changes were made\n"


def test_with_drop_what_is_emitted_stands_as_dead(admin):
    one = ("--listener-id", admin.listener(*HTTP))
    muted = admin.ok("event", "listener", "mute", *one, "--for=2h", "--drop", "--json").json
    assert muted["mute_drops"] is True and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", muted["muted_until"])
    assert "Mute Drops:" in admin.ok("event", "listener", "list").out
    run = admin(*EMIT)
    assert run.code == 1 and "dropped: the listener was muted" in run.out
    [dead] = admin.ok("event", "delivery", "list", "--state=dead", "--json").json
    assert (dead["attempts"], dead["detail"]) == (0, "dropped: the listener was muted")


def test_a_mute_that_is_over_is_not_shown(admin):
    one = ("--listener-id", admin.listener(*HTTP))
    admin.ok("event", "listener", "mute", *one, "--for=1ms", "--drop")
    assert "Mute" not in admin.ok("event", "listener", "list").out
    assert admin.ok("event", "listener", "list", "--json").json[0]["muted_until"] is None
    assert admin.ok("event", "listener", "unmute", *one).out == "No changes were made\n"


def test_bad_lengths_are_refused(admin):
    one = ("--listener-id", admin.listener(*HTTP))
    before = admin.stored()
    for length, hint in (("soon", "'soon'"), ("0s", "above 0"), ("900000h", "disable")):
        run = admin("event", "listener", "mute", *one, "--for", length)
        assert run.code == 2 and hint in run.err, run.err
    assert admin("event", "listener", "mute", *one).code == 2
    assert admin.stored() == before
