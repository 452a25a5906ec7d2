"""Events about listeners and deliveries: when they are emitted, who gets them, and that they never loop."""

import json

import pytest

from pulp_events.about.announcement import text
from pulp_events.about.told import NOTE
from pulp_events.bus import announcing
from pulp_events.testing.clock import FakeClock

LOOK = 10.1
"""Seconds after which it is looked again."""


@pytest.fixture
def clock():
    return FakeClock()


def told(scripted, name, event_type=None):
    """The payloads that a listener got."""
    return [
        delivery.event.payload
        for called, delivery, _ in scripted.calls
        if called == name and event_type in (None, delivery.event.event_type)
    ]


def kinds(scripted, name):
    return [delivery.event.event_type for called, delivery, _ in scripted.calls if called == name]


def minute(moment):
    return text(moment // 60 * 60)


def look(bus, clock, seconds=LOOK):
    clock.advance(seconds)
    return bus.deliver_due()


def test_a_listener_is_failing_after_three_failures_and_has_recovered_with_the_first_success(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="1s, 1s, 1s, 1s, 1s", jitter=0)
    down = bus.listeners.create(
        "scripted", {"name": "down", "token": "s3cr3t"}, ["repo.sync.*"], name="ci", labels={"owner": "ada"}
    )
    bus.listeners.create("scripted", {"name": "mail"}, ["listener.failing", "listener.recovered"])
    scripted.behaviour["down"] = scripted.refuse
    bus.emit("repo.sync.start")
    look(bus, clock)
    assert told(scripted, "mail") == []  # two failures
    look(bus, clock)
    look(bus, clock)
    [said] = told(scripted, "mail")
    assert said["listener_id"] == down.id and said["name"] == "ci" and said["labels"] == {"owner": "ada"}
    assert said["failures"] >= 3 and said["last_error"] == "503 try later"
    assert "s3cr3t" not in json.dumps(said) and "notifier_config" not in said

    scripted.behaviour.clear()
    look(bus, clock)
    look(bus, clock)
    assert kinds(scripted, "mail") == ["listener.failing", "listener.recovered"]
    assert told(scripted, "mail")[1]["failing_since"] == said["failing_since"]
    look(bus, clock)
    assert len(told(scripted, "mail")) == 2


def test_a_listener_that_fails_again_and_again_is_said_to_once_in_an_hour(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="1s, 1s, 1s, 1s, 1s", jitter=0)
    bus.listeners.create("scripted", {"name": "shaky"}, ["repo.sync.*"])
    bus.listeners.create("scripted", {"name": "mail"}, ["listener.failing", "listener.recovered"])
    for _ in range(10):
        scripted.behaviour["shaky"] = scripted.reject
        for _ in range(3):
            bus.emit("repo.sync.start")
        look(bus, clock)
        scripted.behaviour.clear()
        bus.emit("repo.sync.start")
        look(bus, clock)
    look(bus, clock)
    assert kinds(scripted, "mail") == ["listener.failing", "listener.recovered"]
    scripted.behaviour["shaky"] = scripted.reject
    for _ in range(3):
        bus.emit("repo.sync.start")
    look(bus, clock, 3600)
    look(bus, clock)
    assert kinds(scripted, "mail") == ["listener.failing", "listener.recovered", "listener.failing"]


def test_a_storm_of_dead_deliveries_is_one_event_with_their_number(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="1s", jitter=0)
    down = bus.listeners.create("scripted", {"name": "down"}, ["repo.sync.*"])
    bus.listeners.create("scripted", {"name": "mail"}, ["delivery.dead"])
    look(bus, clock)
    scripted.behaviour["down"] = scripted.reject
    bus.emit_many([("repo.sync.start", {"n": n}) for n in range(700)])
    look(bus, clock)
    died = clock.time()
    look(bus, clock)
    [said] = told(scripted, "mail")
    assert (said["listener_id"], said["count"]) == (down.id, 700)
    assert said["since"] == minute(died)
    assert said["last_error"] == "404 no such room"

    # what dies within the hour is summed up when it is over
    clock.advance(180)
    first = clock.time()
    for _ in range(5):
        bus.emit("repo.sync.start")
        look(bus, clock, 60)
    assert len(told(scripted, "mail")) == 1
    look(bus, clock, 3600)
    look(bus, clock)
    assert [each["count"] for each in told(scripted, "mail")] == [700, 5]
    assert told(scripted, "mail")[1]["since"] == minute(first)
    for hours in range(1, 8):  # and each is counted once, however long it takes
        look(bus, clock, 3600)
        bus.emit("repo.sync.start") if hours == 4 else None
    look(bus, clock)
    assert [each["count"] for each in told(scripted, "mail")] == [700, 5, 1]


def test_a_clock_that_is_set_back_silences_nothing(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="1s", jitter=0)
    bus.settings.section("about")["backlog"] = 1
    bus.listeners.disable(bus.listeners.create("scripted", {"name": "slow"}, ["repo.sync.*"]).id)
    bus.listeners.create("scripted", {"name": "down"}, ["repo.sync.*"])
    bus.listeners.create("scripted", {"name": "mail"}, ["delivery.dead", "outbox.backlog"])
    scripted.behaviour["down"] = scripted.reject
    look(bus, clock)
    for _ in range(2):
        bus.emit("repo.sync.start")
        look(bus, clock)
        look(bus, clock)
        clock.jump(-2 * 86400)
        look(bus, clock)
    assert len(told(scripted, "mail", "delivery.dead")) == 2
    assert len(told(scripted, "mail", "outbox.backlog")) == 3


def test_that_only_one_attempt_is_left_is_told_while_it_is(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="60s, 10h", jitter=0)
    bus.listeners.create("scripted", {"name": "down"}, ["repo.sync.*"])
    bus.listeners.create("scripted", {"name": "mail"}, ["delivery.*"])
    look(bus, clock)
    scripted.behaviour["down"] = scripted.refuse
    for _ in range(4):
        bus.emit("repo.sync.start")
    look(bus, clock)
    assert told(scripted, "mail") == []
    look(bus, clock, 300)
    look(bus, clock, 300)
    look(bus, clock, 300)
    assert kinds(scripted, "mail")[:1] == ["delivery.expiring"]
    assert 1 <= told(scripted, "mail")[0]["count"] <= 4
    for _ in range(12):
        look(bus, clock, 7200)
    counts = {
        name: sum(each["count"] for each in told(scripted, "mail", name)) for name in set(kinds(scripted, "mail"))
    }
    assert counts == {"delivery.expiring": 4, "delivery.dead": 4}


def test_who_changed_a_listener_and_what_is_told_without_any_value(open_bus, clock, scripted):
    bus = open_bus("inline", clock)
    mail = bus.listeners.create("scripted", {"name": "mail"}, ["listener.changed"])
    look(bus, clock)
    one = bus.listeners.create("scripted", {"name": "one", "token": "s3cr3t"}, ["repo.sync.*"], labels={"owner": "ada"})
    look(bus, clock)
    bus.listeners.update(one.id, {"token": "0th3r"})
    clock.advance(1)
    bus.listeners.update(one.id, event_types=["repo.publish.*"])
    look(bus, clock)
    bus.listeners.update(mail.id, labels={"owner": "bob"})  # never of itself
    look(bus, clock)
    bus.listeners.delete(one.id)
    look(bus, clock)
    look(bus, clock)
    said = told(scripted, "mail")
    assert [(each["action"], each["changed"], each["count"]) for each in said] == [
        ("created", [], 1),
        ("updated", ["event_types", "notifier_config.token"], 2),
        ("deleted", [], 1),
    ]
    assert {each["listener_id"] for each in said} == {one.id}
    assert all(each["labels"] == {"owner": "ada"} and each["by"] for each in said)
    assert "s3cr3t" not in json.dumps(said) and "0th3r" not in json.dumps(said)


def test_a_backlog_is_told_once_in_an_hour_and_when_it_is_over(open_bus, clock, scripted, tmp_path):
    bus = open_bus("inline", clock, retry_schedule="5h")
    bus.settings.section("about")["backlog"] = 10  # a dictionary of its own
    slow = bus.listeners.create("scripted", {"name": "slow"}, ["repo.sync.*"])
    bus.listeners.create("scripted", {"name": "mail"}, ["outbox.backlog"])
    bus.listeners.disable(slow.id)
    for _ in range(12):
        bus.emit("repo.sync.start")
        look(bus, clock)
    assert [each["status"] for each in told(scripted, "mail")] == ["exceeded"]
    look(bus, clock, 3601)
    look(bus, clock)
    bus.listeners.enable(slow.id)
    look(bus, clock)
    look(bus, clock)
    assert [each["status"] for each in told(scripted, "mail")] == ["exceeded", "exceeded", "cleared"]


def test_whoever_listens_to_everything_is_told_nothing_of_listeners(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="1s", jitter=0)
    bus.listeners.create("scripted", {"name": "down"}, ["repo.sync.*"])
    for pattern in ("*", "#", "*.*", "#.dead"):
        if pattern != "#.dead":
            bus.listeners.create("scripted", {"name": "all"}, [pattern])
    bus.listeners.create("scripted", {"name": "some"}, ["delivery.#"])
    look(bus, clock)
    scripted.behaviour["down"] = scripted.reject
    for _ in range(4):
        bus.emit("repo.sync.start")
    look(bus, clock)
    look(bus, clock)
    assert kinds(scripted, "some") == ["delivery.dead"]
    assert set(kinds(scripted, "all")) == {"repo.sync.start"}


def test_where_nobody_listens_for_it_the_stores_are_not_asked(open_bus, clock, scripted, monkeypatch):
    bus = open_bus("inline", clock, retry_schedule="1s", jitter=0)
    bus.listeners.create("scripted", {"name": "down"}, ["*"])
    scripted.behaviour["down"] = scripted.reject
    outbox = bus.outbox
    for name in ("notes", "activity", "backlog", "stats", "add_noting"):
        monkeypatch.setattr(type(outbox), name, lambda *arguments, **named: pytest.fail("it was asked"))
    for _ in range(5):
        bus.emit("repo.sync.start")
        look(bus, clock)
    monkeypatch.undo()
    assert outbox.notes(NOTE) == {}
    assert {each.event.event_type for each in bus.events.list()} == {"repo.sync.start"}


def test_no_event_about_a_listener_goes_to_it_nor_round_in_a_circle(open_bus, clock, scripted):
    """Three listeners hear of each other, and all of them fail, for weeks."""
    bus = open_bus("inline", clock, retry_schedule="1s, 1s", jitter=0)
    names = ["first", "second", "third"]
    ids = {}
    for name in names:
        ids[bus.listeners.create("scripted", {"name": name}, ["listener.*", "delivery.*"]).id] = name
        clock.advance(1)
    bus.listeners.create("scripted", {"name": "work"}, ["repo.sync.*"])
    look(bus, clock)
    scripted.behaviour.update(dict.fromkeys([*names, "work"], scripted.refuse))
    bus.emit("repo.sync.start")
    for _ in range(200):
        look(bus, clock, 1800)
    emitted = [each.event for each in bus.events.list(limit=1000)]
    heard = [
        (ids.get(delivery.event.payload["listener_id"]), called)
        for called, delivery, _ in scripted.calls
        if delivery.event.event_type != "repo.sync.start"
    ]
    assert ("third", "first") in heard and ("second", "first") in heard and ("third", "second") in heard
    assert all(subject is None or names.index(subject) > names.index(called) for subject, called in heard)
    assert max(each.time for each in emitted).timestamp() < clock.time() - 100 * 1800  # it came to an end


@pytest.mark.parametrize("notes", [True, False])
def test_of_two_that_look_at_once_one_tells(open_bus, clock, scripted, monkeypatch, notes):
    """`notes`: the outbox stores a note with events; else whoever looks second finds the note of the first."""
    if not notes:
        monkeypatch.setattr(announcing, "NotesWithEvents", ())
    bus, other = open_bus("inline", clock, retry_schedule="1s"), open_bus("inline", clock, retry_schedule="1s")
    bus.listeners.create("scripted", {"name": "down"}, ["repo.sync.*"])
    bus.listeners.create("scripted", {"name": "mail"}, ["listener.failing", "delivery.dead"])
    look(bus, clock)
    scripted.behaviour["down"] = scripted.reject
    for _ in range(3):
        bus.emit("repo.sync.start")
    clock.advance(LOOK)
    for _ in range(3):
        for each in (bus, other):
            each.deliver_due()
        clock.advance(LOOK)
    assert sorted(kinds(scripted, "mail")) == ["delivery.dead", "listener.failing"]


@pytest.mark.slow
def test_a_thousand_that_fail_at_once_are_told_each_once(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="1d", jitter=0)
    with bus.listeners.together() as edit:
        for number in range(1000):
            edit.create("scripted", {"name": f"down {number}"}, ["repo.sync.*"])
    bus.listeners.create("scripted", {"name": "mail"}, ["listener.failing"])
    for number in range(1000):
        scripted.behaviour[f"down {number}"] = scripted.reject
    for _ in range(3):
        bus.emit("repo.sync.start")
    for _ in range(4):
        look(bus, clock)
    said = [each["listener_id"] for each in told(scripted, "mail")]
    assert len(said) == 1000 == len(set(said))


@pytest.mark.parametrize("days, counts", [(0.1, [3]), (1, [3]), (2.5, [3]), (5, [])])
def test_what_died_just_before_nobody_looked_for_long_is_told_for_three_days(open_bus, clock, scripted, days, counts):
    bus = open_bus("inline", clock, retry_schedule="1s", jitter=0)
    bus.listeners.create("scripted", {"name": "down"}, ["repo.sync.*"])
    bus.listeners.create("scripted", {"name": "mail"}, ["delivery.dead"])
    look(bus, clock, 1800)
    scripted.behaviour["down"] = scripted.reject
    for _ in range(3):
        bus.emit("repo.sync.start")
    assert told(scripted, "mail") == []
    clock.advance(days * 86400)
    for _ in range(200):  # minutes become hours, and hours days
        bus.outbox.maintain(dict.fromkeys(("delivered", "dead"), 30 * 86400.0))
    for _ in range(3):
        look(bus, clock)
    assert [each["count"] for each in told(scripted, "mail")] == counts
    bus.emit("repo.sync.start")
    look(bus, clock, 7200)
    look(bus, clock)
    assert [each["count"] for each in told(scripted, "mail")] == [*counts, 1]


def test_a_listener_that_is_deleted_while_it_fails_is_forgotten(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="1s", jitter=0)
    down = bus.listeners.create("scripted", {"name": "down"}, ["repo.sync.*"])
    bus.listeners.create("scripted", {"name": "mail"}, ["listener.failing", "delivery.dead"])
    look(bus, clock)
    scripted.behaviour["down"] = scripted.reject
    for _ in range(3):
        bus.emit("repo.sync.start")
    look(bus, clock)
    assert down.id in bus.outbox.notes(NOTE)[NOTE]
    bus.listeners.delete(down.id)
    for _ in range(4):
        look(bus, clock, 3600)
    assert down.id not in bus.outbox.notes(NOTE)[NOTE]
    assert sorted(kinds(scripted, "mail")) == ["delivery.dead", "listener.failing"]


def test_whoever_begins_to_listen_late_is_told_who_is_failing_and_nothing_of_the_past(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="1s", jitter=0)
    bus.listeners.create("scripted", {"name": "down"}, ["repo.sync.*"])
    scripted.behaviour["down"] = scripted.reject
    for _ in range(5):
        bus.emit("repo.sync.start")
        look(bus, clock)
    bus.listeners.create("scripted", {"name": "mail"}, ["listener.*", "delivery.*"])
    for _ in range(3):
        look(bus, clock)
    assert kinds(scripted, "mail") == ["listener.failing"]
