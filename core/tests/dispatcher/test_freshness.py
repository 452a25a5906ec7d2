"""Each attempt is made by the listener's record, and the files it names, as they were at most a second before."""

import os
import threading
import time
from contextlib import contextmanager

import pytest

from pulp_events import PermanentFailure, TransientFailure
from pulp_events.dispatcher.routes import Routes
from pulp_events.dispatcher.scheduler import AFTER_GIVING_BACK
from pulp_events.errors import StoreBusy
from pulp_events.listeners.index import ListenerIndex

FRESH = 1.0


@contextmanager
def busy(bus, every=0.02):
    """Events come all the time: the listener never has a pause. Yields when each was emitted."""
    over, emitted = threading.Event(), []

    def emit():
        while not over.wait(every):
            emitted.append(bus.emit("repo.sync.start").time.timestamp())

    thread = threading.Thread(target=emit)
    thread.start()
    try:
        yield emitted
    finally:
        over.set()
        thread.join()
    assert bus.dispatcher.drain(30)


@pytest.fixture
def timed(scripted):
    """`scripted` whose deliveries take a moment; `times` has when the event of each was emitted, and with what."""
    scripted.times = []

    def note(delivery, channel):
        scripted.times.append((delivery.event_time.timestamp(), channel.config))
        time.sleep(0.01)

    scripted.behaviour = dict.fromkeys(("old", "new"), note)
    return scripted


def configurations(timed, key, after):
    """Of events that were emitted after that moment: their attempts began later still."""
    return {config.get(key) for emitted, config in timed.times if emitted > after}


def some_after(moment, emitted):
    return sum(1 for each in emitted if each > moment) > 10


@pytest.mark.sample(1)
def test_a_busy_listener_that_another_process_updates_is_served_by_its_new_record(open_bus, timed, eventually):
    bus = open_bus()
    listener = bus.listeners.create("scripted", {"name": "old"}, ["*"])
    with busy(bus) as emitted:
        eventually(lambda: len(timed.times) > 10)
        open_bus("external").listeners.update(listener.id, {"name": "new"})
        changed = time.time()
        eventually(lambda: some_after(changed + FRESH, emitted))
    assert configurations(timed, "name", changed + FRESH) == {"new"}


@pytest.mark.slow
def test_a_backlog_is_made_by_the_record_as_it_is_and_not_as_it_was_when_claimed(open_bus, timed, eventually):
    bus = open_bus("external")
    listener = bus.listeners.create("scripted", {"name": "old"}, ["*"])
    bus.emit_many([("repo.sync.start", {})] * 400)
    begun, updated = [], threading.Event()

    def note(delivery, channel):
        begun.append((time.monotonic(), channel.config["name"]))
        time.sleep(0.01)
        assert len(begun) <= 10 or updated.wait(30)

    timed.behaviour = dict.fromkeys(("old", "new"), note)
    worker = open_bus(lanes=1)
    eventually(lambda: len(begun) > 10)
    bus.listeners.update(listener.id, {"name": "new"})
    changed = time.monotonic()
    updated.set()
    eventually(lambda: worker.deliveries.stats().delivered == 400, 60)
    # One after the other: the first of them may have looked at the record before that moment.
    _, *later = [name for began, name in begun if began > changed + FRESH]
    assert set(later) == {"new"}


@pytest.mark.parametrize("what", ["disable", "delete", "mute"])
@pytest.mark.slow
def test_a_busy_listener_that_is_to_get_nothing_more_gets_nothing_more(open_bus, timed, eventually, what):
    bus = open_bus()
    listener = bus.listeners.create("scripted", {"name": "old"}, ["*"])
    with busy(bus) as emitted:
        eventually(lambda: len(timed.times) > 10)
        listeners = open_bus("external").listeners
        {"disable": listeners.disable, "delete": listeners.delete, "mute": lambda id: listeners.mute(id, 60)}[what](
            listener.id
        )
        changed = time.time()
        eventually(lambda: some_after(changed + FRESH, emitted))
    assert configurations(timed, "name", changed + FRESH) == set()


@pytest.mark.sample(1)
@pytest.mark.parametrize("what", ["disable", "mute"])
def test_an_event_right_after_a_delivery_does_not_go_to_a_listener_that_was_just_disabled(open_bus, timed, what):
    bus = open_bus()
    for _ in range(8):
        listener = bus.listeners.create("scripted", {"name": "old"}, ["*"])
        bus.wait(bus.emit("repo.sync.start"), 30)
        before = len(timed.times)
        listeners = open_bus("external").listeners
        listeners.disable(listener.id) if what == "disable" else listeners.mute(listener.id, 60)
        bus.wait(bus.emit("repo.sync.start"), 0.1)
        assert len(timed.times) == before
        bus.listeners.delete(listener.id)


def test_an_event_right_after_a_change_of_targets_goes_to_the_new_ones(open_bus, scripted):
    bus = open_bus()
    for _ in range(4):
        listener = bus.listeners.create("scripted", {"name": "a", "to": ["x"]}, ["*"])
        bus.wait(bus.emit("repo.sync.start"), 30)
        bus.listeners.update(listener.id, {"to": ["y", "z"]})
        found = bus.wait(bus.emit("repo.sync.start"), 30)
        assert [(one.target, one.state) for one in found] == [("y", "delivered"), ("z", "delivered")]
        bus.listeners.delete(listener.id)


def rewrite(path, text):
    """Write a file so that its size, inode and times are as before."""
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.slow
def test_a_secret_in_a_file_that_is_rewritten_under_a_busy_listener_is_the_new_one(
    open_bus, timed, eventually, tmp_path
):
    bus, secret = open_bus(), tmp_path / "token"
    secret.write_text("first")
    bus.listeners.create("scripted", {"name": "old", "token": {"$file": str(secret)}}, ["*"])
    with busy(bus) as emitted:
        eventually(lambda: len(timed.times) > 10)
        rewrite(secret, "2nd--")
        changed = time.time()
        eventually(lambda: some_after(changed + FRESH, emitted))
    assert configurations(timed, "token", changed + FRESH) == {"2nd--"}


def test_a_variable_of_the_environment_that_changes_is_read_again(
    open_bus, clock, deliver, settle, scripted, monkeypatch, eventually
):
    monkeypatch.setenv("ITS_TOKEN", "first")
    bus = open_bus(deliver, clock)
    tokens = []
    scripted.behaviour["a"] = lambda delivery, channel: tokens.append(channel.config["token"])
    bus.listeners.create("scripted", {"name": "a", "token": {"$env": "ITS_TOKEN"}}, ["*"])
    bus.emit("repo.sync.start")
    settle(bus)
    monkeypatch.setenv("ITS_TOKEN", "second")
    clock.advance(1)
    bus.emit("repo.sync.start")
    settle(bus)
    assert tokens == ["first", "second"]
    eventually(lambda: (scripted.opened["a"], scripted.closed["a"]) == (2, 1))


def test_a_file_that_a_field_names_renews_the_channel_when_it_changes(
    open_bus, clock, deliver, settle, scripted, tmp_path, monkeypatch
):
    monkeypatch.setitem(type(scripted).config_schema._declared_fields["name"].metadata, "names_file", True)
    certificate = tmp_path / "ca.pem"
    certificate.write_text("one")
    bus = open_bus(deliver, clock)
    bus.listeners.create("scripted", {"name": str(certificate)}, ["*"])
    for _ in range(2):
        bus.emit("repo.sync.start")
        settle(bus)
    assert scripted.opened[str(certificate)] == 1
    rewrite(certificate, "two")
    clock.advance(1)
    bus.emit("repo.sync.start")
    settle(bus)
    assert scripted.opened[str(certificate)] == 2


def unauthorized(delivery, channel):
    raise TransientFailure("401 Unauthorized", credentials=True)


@pytest.fixture
def once_delivered(open_bus, clock, deliver, settle):
    """A bus with one listener that has had an event, so that its channel is not new."""
    bus = open_bus(deliver, clock)
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    bus.emit("repo.sync.start")
    settle(bus)
    return bus


def test_an_answer_about_credentials_is_tried_over_a_new_channel_before_the_schedule_goes_on(
    once_delivered, settle, scripted, eventually
):
    def only_old(delivery, channel):
        if scripted.opened["a"] == 1:
            unauthorized(delivery, channel)

    scripted.behaviour["a"] = only_old
    event = once_delivered.emit("repo.sync.start")
    settle(once_delivered)
    [delivery] = once_delivered.wait(event, 0)
    assert (delivery.state, delivery.attempts) == ("delivered", 1)
    eventually(lambda: (scripted.opened["a"], scripted.closed["a"], len(scripted.calls)) == (2, 1, 3))


def test_a_permanent_answer_about_credentials_too(once_delivered, settle, scripted):
    def only_old(delivery, channel):
        if scripted.opened["a"] == 1:
            raise PermanentFailure("401, which this listener calls final", credentials=True)

    scripted.behaviour["a"] = only_old
    event = once_delivered.emit("repo.sync.start")
    settle(once_delivered)
    [delivery] = once_delivered.wait(event, 0)
    assert delivery.state == "delivered"


def test_but_only_once_and_not_if_the_channel_was_new(open_bus, clock, deliver, settle, scripted):
    bus = open_bus(deliver, clock, retry_schedule="1h")
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    scripted.behaviour["a"] = unauthorized
    bus.emit("repo.sync.start")
    settle(bus)
    assert len(scripted.calls) == 1
    bus.emit("repo.sync.start")
    settle(bus)
    assert len(scripted.calls) == 3
    assert [one.attempts for one in bus.deliveries.list()] == [1, 1]


def test_records_that_cannot_be_read_just_now_stay_in_use_and_nothing_is_buried(
    open_bus, clock, deliver, settle, scripted, tmp_path, caplog
):
    bus = open_bus(deliver, clock)
    bus.listeners.create("scripted", {"name": "a", "to": ["x"]}, ["*"])
    bus.emit("repo.sync.start")
    settle(bus)
    (tmp_path / "data" / "listeners.json").write_text("torn")
    clock.advance(1)
    bus.emit("repo.sync.start")
    settle(bus)
    assert bus.deliveries.stats().delivered == 2
    assert "listeners cannot be read; those known so far stay in use" in caplog.text


@pytest.mark.parametrize("deliver", ["background"])
def test_what_was_given_back_as_the_records_could_not_be_read_is_asked_for_again_soon(
    open_bus, clock, deliver, scripted, eventually, monkeypatch
):
    """Nothing else makes the dispatcher look before a minute is over: no process stores, and no record changes."""
    emitting = open_bus("external")
    listener = emitting.listeners.create("scripted", {"name": "a", "to": ["x", "removed"]}, ["*"])
    event = emitting.emit("repo.sync.start")
    emitting.listeners.update(listener.id, {"to": ["x"]})
    readable, asked = threading.Event(), threading.Event()
    read_now = ListenerIndex.read_now

    def read(index, listener_id):
        asked.set()
        if not readable.is_set():
            raise StoreBusy("the records are locked")
        return read_now(index, listener_id)

    monkeypatch.setattr(ListenerIndex, "read_now", read)
    monkeypatch.setattr(Routes, "changed", lambda routes: False)

    def removed():
        [found] = [one for one in bus.deliveries.list() if one.target == "removed"]
        return found

    bus = open_bus(deliver, clock)
    assert asked.wait(30)
    eventually(lambda: removed().lease is None)
    assert removed().state == "pending"
    readable.set()
    clock.advance(AFTER_GIVING_BACK)
    eventually(lambda: removed().state == "dead")
    assert scripted.sent("a") == [event.id]


def test_after_an_answer_about_credentials_no_other_old_channel_is_tried(open_bus, scripted, eventually):
    bus, current = open_bus(lanes=4, retry_schedule="1h"), ["old"]

    def act(delivery, channel):
        channel.made_with = getattr(channel, "made_with", current[0])
        time.sleep(0.03)
        if channel.made_with != current[0]:
            raise TransientFailure("401", credentials=True)

    scripted.behaviour["a"] = act
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    bus.emit_many([("repo.sync.start", {})] * 100)
    eventually(lambda: bus.deliveries.stats().delivered == 100)
    assert scripted.opened["a"] > 1
    current[0] = "new"
    for _ in range(5):
        [delivery] = bus.wait(bus.emit("repo.sync.start"), 30)
        assert (delivery.state, delivery.attempts) == ("delivered", 1)
