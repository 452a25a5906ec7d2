"""Many changes of listeners in one write: all of them, or none."""

import json

import pytest

from pulp_events import InvalidConfig, ListenerNotFound, StoreBusy, StoreError


def changes(file):
    return json.loads(file.read_text())["format"]["1"]["changes"]


def rooms(bus):
    return [listener.notifier_config["room"] for listener in bus.listeners.list()]


def test_a_hundred_changes_are_one_write(bus, file):
    kept, changed, gone, off = (bus.listeners.create("room", {"room": name}, ["*"]) for name in "abcd")
    bus.listeners.disable(off.id)
    before = changes(file)
    with bus.listeners.together() as several:
        made = [several.create("room", {"room": f"n{number}"}, ["*"], lanes=1) for number in range(96)]
        several.update(changed.id, {"room": "x"}, filter="payload.a")
        several.update(changed.id, lambda config: {"token": config["room"]})
        several.delete(gone.id)
        several.enable(off.id)
        several.disable(kept.id, "for now")
        assert changes(file) == before, "nothing is stored before the end"
    assert several.stored and changes(file) == before + 1
    assert rooms(bus) == ["a", "x", "d", *(f"n{number}" for number in range(96))]
    assert [bus.listeners.get(listener.id) for listener in made] == made
    now = bus.listeners.get(changed.id)
    assert (now.filter, now.notifier_config["token"], now.targets) == ("payload.a", "x", ("x",))
    assert bus.listeners.get(off.id).enabled and not bus.listeners.get(kept.id).enabled
    assert bus.listeners.get(kept.id).disabled_reason == "for now"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda several, known: several.delete("0" * 24), ListenerNotFound),
        (lambda several, known: several.update("0" * 24, lanes=1), ListenerNotFound),
        (lambda several, known: several.create("room", {"room": ""}, ["*"]), InvalidConfig),
        (lambda several, known: several.create("room", {"room": "x"}, ["*"], listener_id=known), StoreError),
        (lambda several, known: several.update(known, {"size": "big"}), InvalidConfig),
        (lambda several, known: several.update(known, lanes=0), InvalidConfig),
        (lambda several, known: 1 / 0, ZeroDivisionError),
    ],
)
def test_one_mistake_and_nothing_is_stored(bus, file, wrong, error):
    known = bus.listeners.create("room", {"room": "x"}, ["*"]).id
    before = file.read_bytes()
    several = bus.listeners.together()
    with pytest.raises(error), several:
        several.create("room", {"room": "y"}, ["*"])
        several.delete(known) if error is ZeroDivisionError else None
        wrong(several, known)
    assert file.read_bytes() == before and not several.stored


def test_what_is_gone_is_passed_over_where_that_is_allowed(bus):
    gone, kept = (bus.listeners.create("room", {"room": name}, ["*"]).id for name in "ab")
    with bus.listeners.together(missing_ok=True) as several:
        several.update(gone, lanes=1)
        several.enable(gone)
        several.delete("0" * 24)
        several.update(kept, lanes=2)
        bus.listeners.delete(gone)
    assert several.missing == {gone, "0" * 24}
    assert [listener.lanes for listener in bus.listeners.list()] == [2]


def test_what_was_planned_on_other_records_is_not_done(bus, file):
    bus.listeners.create("room", {"room": "a"}, ["*"])
    for changed in (True, False):
        planned_on = bus.listeners.list()
        several = bus.listeners.together(planned_on=planned_on)
        if changed:
            bus.listeners.create("room", {"room": "b"}, ["*"])
            with pytest.raises(StoreBusy, match="nothing was stored"), several:
                several.delete(planned_on[0].id)
        else:
            with several:
                several.delete(planned_on[0].id)
    assert rooms(bus) == ["b"]


def test_what_follows_from_a_change_follows_from_many(bus):
    first, second = (bus.listeners.create("room", {"room": name}, ["*"]).id for name in "ab")
    bus.listeners.disable(first)
    event = bus.emit("repo.sync.start")
    with bus.listeners.together() as several:
        several.delete(first)
    [dead] = (one for one in bus.outbox.of_event(event.id) if one.listener_id == first)
    assert dead.state == "dead"
    called = []
    bus.listeners._on_delete = lambda listener: called.append(listener.id) or (_ for _ in ()).throw(StoreError("full"))
    third = bus.listeners.create("room", {"room": "c"}, ["*"]).id
    with pytest.raises(StoreError, match="full"), bus.listeners.together() as several:
        several.delete(second)
        several.delete(third)
    assert called == [second, third] and bus.listeners.list() == [] and several.stored


def test_nothing_asked_for_is_nothing_written(bus, file):
    with bus.listeners.together():
        pass
    assert not file.exists()
