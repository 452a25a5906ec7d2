"""`listener mute` and `unmute`: what is shown, what waits, what is dropped."""

from __future__ import annotations

import getpass
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pulp_events.listeners.muting import MUTE
from pulp_events_cli.output.text import local_time

sys.path.insert(0, str(Path(__file__).parent))
from terminal import Terminal

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
    assert admin.ok("event", "listener", "unmute", *one).out == (
        "Event listener successfully unmuted\n1 pending delivery is due now\n"
    )
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


LISTENER = ("event", "listener")


def on_terminal(admin, *words, answer=None):
    process = Terminal(admin.command(*words), admin.environment)
    try:
        if answer is not None:
            process.read(until="[y/N] ")
            process.type(answer)
        return process.end()
    finally:
        process.close()


def muted(admin):
    return [each["id"] for each in admin.ok(*LISTENER, "list", "--json", "--muted").json]


def test_the_reason_is_shown_wherever_somebody_wonders(admin):
    one = admin.listener(*HTTP)
    admin.ok(*LISTENER, "mute", "--listener-id", one, "--until=2099-01-01T07:00Z", "--reason=new disks")
    me = getpass.getuser()
    until = local_time(datetime(2099, 1, 1, 7, tzinfo=UTC))
    said = f"muted until {until} by {me} (new disks)"
    listed = admin.ok(*LISTENER, "list", "--muted").out
    assert f"Muted Until:       {until}\n" in listed and "Mute Reason:       new disks\n" in listed
    assert f"Muted By:          {me}\n" in admin.ok(*LISTENER, "show", "--listener-id", one).out
    shown = admin.ok(*LISTENER, "show", "--listener-id", one, "--json").json
    assert [shown[name] for name in MUTE] == ["2099-01-01T07:00:00Z", False, "new disks", me, False]
    assert f"the listener is {said}; it waits" in admin.ok(*LISTENER, "explain", "--event-type=repo.sync.start").out
    assert "(new disks)" in admin(*EMIT).out
    [event] = admin.ok("event", "list", "--json").json
    assert f"the listener is {said}" in admin.ok(*LISTENER, "explain", "--event", event["id"]).out
    history = admin.ok(*LISTENER, "history").out
    assert f"muted by {me}\n" in history and "  + Mute Reason: new disks\n" in history and "Muted By" not in history
    assert f"only this test is sent: the listener is {said}" in admin(*LISTENER, "test", "--listener-id", one).err
    check = admin("event", "config", "check").out
    assert f"listener {one} is {said}; disable what is not to get events for so long" in check
    admin.ok(*LISTENER, "disable", "--listener-id", one, "--reason=gone")
    assert (
        "only this test is sent: the listener is disabled (gone)" in admin(*LISTENER, "test", "--listener-id", one).err
    )


def test_several_are_chosen_by_label_type_or_all_of_them(admin):
    ops, other = admin.listener(*HTTP, "--label=team=ops"), admin.listener(*HTTP)
    mail = admin.listener("email", "create", "--event-type=*", "--subject=x", "--addresses=a@example.com")
    count = "{} event listeners successfully muted\n".format
    assert admin.ok(*LISTENER, "mute", "--type=http", "--for=1h").out == count(2)
    assert muted(admin) == [ops, other]
    assert admin.ok(*LISTENER, "unmute", "--type=http", "--label=team").out == "1 event listener successfully unmuted\n"
    assert muted(admin) == [other]
    assert admin.ok(*LISTENER, "mute", "--all", "--for=1h", "--reason=night").out == count(3)
    assert "3 listeners are muted until" in admin("event", "config", "check").out
    late = admin(*LISTENER, *HTTP)
    assert "it is muted like all listeners, until" in late.err and "(night)" in late.err
    assert len(muted(admin)) == 4 and muted(admin)[2] == mail
    assert admin.ok(*LISTENER, "unmute", "--all", "--dry-run").out == "4 event listeners would be unmuted\n"
    assert admin.ok(*LISTENER, "unmute", "--all").out == "4 event listeners successfully unmuted\n"
    assert admin.ok(*LISTENER, "unmute", "--all").out == "No changes were made\n"
    assert len(admin.ok(*LISTENER, "mute", "--all", "--for=1h", "--dry-run", "--json").json) == 4
    assert muted(admin) == [] and admin.ok(*LISTENER, "list", "--muted").out == ""


def test_a_mute_that_cannot_be_meant_is_refused(admin):
    one = ("--listener-id", admin.listener(*HTTP))
    before = admin.stored()
    for words, code, hint in (
        ((*one,), 2, "--for DURATION, or with --until TIME"),
        ((*one, "--for=1h", "--until=07:00"), 2, "in one way"),
        ((*one, "--until=2020-01-01"), 2, "is in the past; it is now"),
        ((*one, "--until=2h"), 2, "for a duration there is --for"),
        ((*one, "--for=1h", "--reason="), 2, "is empty"),
        ((*one, "--for=1h", "--reason", "x" * 1001), 2, "1000"),
        ((*one, "--for=1h", "--all"), 2, "choose the listeners in one way"),
        (("--for=1h", "--all", "--type=http"), 2, "choose the listeners in one way"),
        (("--for=1h",), 2, "choose the listeners in one way"),
        (("--for=1h", "--type=pigeon"), 2, "pigeon"),
        (("--for=1h", "--type=email"), 1, "there is no listener of type email"),
        (("--for=1h", "--label=team"), 1, "no listener has the label team"),
        (("--for=900000h", "--all"), 2, "disable"),
    ):
        run = admin(*LISTENER, "mute", *words)
        assert run.code == code and hint in run.err, (words, run)
    assert admin.stored() == before


@pytest.mark.slow
def test_on_a_terminal_it_asks_before_several_are_muted_or_unmuted(admin):
    admin.listener(*HTTP), admin.listener(*HTTP)
    words = (*LISTENER, "mute", "--all", "--until=2099-01-01T07:00Z")
    text, code = on_terminal(admin, *words, answer="n\n")
    assert f"Mute 2 event listeners until {local_time(datetime(2099, 1, 1, 7, tzinfo=UTC))}? [y/N]" in text
    assert code == 1 and "nothing was changed" in text and muted(admin) == []
    assert on_terminal(admin, *words, "--yes")[1] == 0 and len(muted(admin)) == 2
    text, code = on_terminal(admin, *LISTENER, "unmute", "--all", answer="y\n")
    assert "Unmute 2 event listeners? [y/N]" in text and code == 0 and muted(admin) == []


def test_listeners_of_a_file_join_a_mute_of_all_and_apply_says_so(admin, tmp_path):
    admin.listener(*HTTP)
    file = tmp_path / "listeners.json"
    config = {"url": "http://127.0.0.1:9/"}
    entry = {"name": "ci", "notifier_type_id": "http", "notifier_config": config, "event_types": ["*"]}
    file.write_text(json.dumps({"version": 1, "listeners": [entry]}))
    admin.ok(*LISTENER, "mute", "--all", "--for=1h", "--reason=new disks")
    done = admin.ok(*LISTENER, "apply", "--file", str(file))
    assert re.search(r"1 new listener is muted like all listeners, until .* by \S+ \(new disks\)", done.err)
    assert len(muted(admin)) == 2
    again = admin.ok(*LISTENER, "apply", "--file", str(file), "--dry-run", "--exit-code")
    assert again.err == "" and "1 unchanged" in again.out, "a mute is of the moment, and no difference from the file"
    run = admin(*EMIT)
    assert run.out.count("waiting: the listener is muted until") == 2 and re.search(r"\d\d:\d\d:\d\d \w+ by", run.out)
