"""Mutes with a reason and an end, of several listeners in one write, and of those that are created meanwhile."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from pulp_events import InvalidConfig
from pulp_events.listeners.document import from_document, to_document
from pulp_events.listeners.history import Action
from pulp_events.listeners.keeping import Kept
from pulp_events.listeners.muting import MUTE, said
from pulp_events.system.clock import from_timestamp


def changes(file):
    return json.loads(file.read_text())["format"]["1"]["changes"]


def create(bus, room="a", **options):
    return bus.listeners.create("room", {"room": room}, ["*"], **options)


def test_a_mute_has_an_end_a_reason_and_who_did_it(bus):
    listener = create(bus)
    until = from_timestamp(bus.clock.time()) + timedelta(hours=1)
    muted = bus.listeners.by("alice").mute(listener.id, until=until, reason="new\ndisks")
    assert (muted.muted_until, muted.mute_reason, muted.muted_by) == (until, "new\ndisks", "alice")
    assert said(muted).endswith("Z by alice (new disks)")
    [change, _] = bus.listeners.history(listener.id)
    assert (change.action, change.by) == (Action.MUTED, "alice")
    assert change.after["mute_reason"] == "new\ndisks"
    assert bus.listeners.by("bob").mute(listener.id, until=until, reason="new\ndisks") == muted, "nothing to change"
    assert bus.listeners.mute(listener.id, 60).mute_reason is None, "another mute has its own"
    free = bus.listeners.unmute(listener.id)
    assert to_document(free).keys() == to_document(listener).keys()
    assert bus.listeners.history(listener.id)[0].action == Action.UNMUTED


@pytest.mark.parametrize(
    ("seconds", "how", "hint"),
    [
        (None, {}, "in one way"),
        (1, {"until": timedelta(1)}, "in one way"),
        (None, {"until": timedelta(seconds=-1)}, "is in the past: it is "),
        (None, {"until": timedelta(days=40000)}, "disable the listener"),
        (None, {"until": "07:00"}, "give a datetime with a time zone"),
        (60, {"reason": ""}, "reason is ''"),
        (60, {"reason": 5}, "reason is 5"),
        (60, {"reason": "x" * 1001}, "at most 1000"),
        (60, {"reason": "\x1b[31m"}, "control characters"),
        (60, {"reason": "\ud800"}, "surrogate"),
    ],
)
@pytest.mark.parametrize("several", [False, True])
def test_what_is_no_mute_is_refused_and_nothing_is_stored(bus, file, seconds, how, hint, several):
    listener = create(bus)
    if isinstance(how.get("until"), timedelta):
        how = {"until": from_timestamp(bus.clock.time()) + how["until"]}
    before = file.read_bytes()
    with pytest.raises(InvalidConfig, match=hint):
        bus.listeners.mute_all(seconds, **how) if several else bus.listeners.mute(listener.id, seconds, **how)
    assert file.read_bytes() == before


def test_several_are_chosen_and_muted_in_one_write(bus, file):
    ops, dev = (create(bus, team, labels={"team": team}) for team in ("ops", "dev"))
    before = changes(file)
    assert [each.id for each in bus.listeners.mute_all(60, labels={"team": "ops"}, reason="disks")] == [ops.id]
    assert [each.id for each in bus.listeners.mute_all(60, notifier_type_id="room")] == [ops.id, dev.id]
    assert bus.listeners.mute_all(60, notifier_type_id="http") == []
    assert changes(file) == before + 2
    assert [each.id for each in bus.listeners.unmute_all(labels={"team": None, "x": None})] == []
    assert [each.id for each in bus.listeners.unmute_all(labels={"team": "dev"})] == [dev.id]
    assert [each.id for each in bus.listeners.unmute_all()] == [ops.id], "only those that were muted"
    assert not any(each.muted_until for each in bus.listeners.list())


def test_listeners_that_are_created_during_a_mute_of_all_are_muted_too(bus):
    create(bus, "first")
    bus.listeners.by("alice").mute_all(60, drop=True, reason="disks")
    plain, named = create(bus, "b"), create(bus, "c", name="named")
    with bus.listeners.together() as several:
        together = several.create("room", {"room": "d"}, ["*"])
    kept = bus.listeners.keep("f" * 24, "room", {"room": "e"}, ["*"])
    for each in (plain, named, bus.listeners.get(together.id), kept):
        assert bus.listeners.get(each.id) == each
        assert [getattr(each, name) for name in MUTE[1:]] == [True, "disks", "alice", True]
        assert each.muted_for(bus.clock.time()) > 0
        assert "it is muted like all listeners, until " in bus.listeners.warnings(each)[0]
    assert len(bus.listeners.unmute_all()) == 5
    assert create(bus, "later").muted_until is None


def test_a_mute_of_some_or_one_that_is_over_is_not_joined(bus):
    one = create(bus, labels={"team": "ops"})
    bus.listeners.mute_all(60, labels={"team": "ops"})
    assert create(bus, "b", labels={"team": "ops"}).muted_until is None
    bus.listeners.mute_all(1e-6)
    assert create(bus, "c").muted_until is None
    assert bus.listeners.get(one.id).muted_until is not None


def test_what_was_kept_stays_as_its_administrator_muted_it(bus):
    bus.listeners.keep_all([Kept("f" * 24, "room", {"room": "e"}, ["*"])])
    bus.listeners.mute_all(60, reason="disks")
    assert bus.listeners.keep("f" * 24, "room", {"room": "other"}, ["*"]).mute_reason == "disks"


def test_a_record_of_an_earlier_release_is_read(bus):
    muted = bus.listeners.mute(create(bus).id, 60)
    document = to_document(muted)
    assert not {"mute_reason", "muted_with_all"} & document.keys()
    del document["muted_by"]
    assert from_document(document) == replace(muted, muted_by=None)
    assert said(from_document(document)).startswith("until ") and " by " not in said(from_document(document))
