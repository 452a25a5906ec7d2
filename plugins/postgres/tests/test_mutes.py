"""A mute of all listeners is one write, and holds for those that any process creates before it ends."""

from __future__ import annotations

import multiprocessing

from pulp_events import EventBus

HTTP = ("http", {"url": "http://ci.example/"}, ["*"])


def test_listeners_of_other_processes_join_a_mute_of_all(conf):
    context = multiprocessing.get_context("fork")
    begun, muted = context.Event(), context.Event()

    def work():
        with EventBus.open(conf, deliver="external") as bus:
            bus.listeners.create(*HTTP)
            begun.set()
            assert muted.wait(90)
            bus.listeners.create(*HTTP)
            bus.listeners.create(*HTTP, name="named")
            with bus.listeners.together() as several:
                several.create(*HTTP)

    other = context.Process(target=work)
    other.start()
    assert begun.wait(90)
    with EventBus.open(conf, deliver="external") as bus:
        [one] = bus.listeners.by("alice").mute_all(3600, reason="new disks")
        muted.set()
        other.join(90)
        assert other.exitcode == 0
        found = bus.listeners.list()
        assert [(each.muted_by, each.mute_reason, each.muted_until) for each in found] == [
            ("alice", "new disks", one.muted_until)
        ] * 4
        assert len(bus.listeners.unmute_all()) == 4
        assert [change.action for change in bus.listeners.history(limit=4)] == ["unmuted"] * 4
        assert bus.listeners.create(*HTTP).muted_until is None
