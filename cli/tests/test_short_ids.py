"""Ids that are shortened in tables, and what the commands make of them."""

from __future__ import annotations

import re

import pytest

from pulp_events import EventBus


def test_an_abbreviated_delivery_that_several_events_could_have_is_refused(admin):
    with EventBus.open(admin.config, deliver="external") as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        for number in ("1", "1.0", "12"):
            bus.emit("repo.sync.start", {"repo_id": "r"}, id=f"order-{number}")
    show = ("event", "delivery", "show", "--json")
    run = admin(*show, "orde.0")
    assert run.code == 2 and "'orde.0' is ambiguous: 3 deliveries" in run.err
    assert admin.ok(*show, "order-12.0").json["event_id"] == "order-12"
    assert admin.ok(*show, "order-1.0").json["event_id"] == "order-1"
    assert admin.ok(*show, "order-1.0.0").json["event_id"] == "order-1.0"


@pytest.mark.slow
def test_a_shortened_id_is_that_of_one_thing_of_all_that_are_stored(admin, lines):
    long = "nightly-of-the-repository-rhel-9-for-x86_64-baseos-2026-11-2"
    with EventBus.open(admin.config, deliver="external") as bus:
        here = bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["repo.sync.*"])
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        for n in range(40):
            bus.emit("repo.sync.start" if n in (7, 33) else "repo.publish.start", {"repo_id": "r"})
        for id in (f"{long}5", f"{long}6"):
            bus.emit("repo.sync.start", {"repo_id": "r"}, id=id)
    stored = admin.ok("event", "delivery", "list", "--listener-id", here.id, "--json").json
    for width in (40, 66):
        shown = lines(width, "event", "delivery", "list", "--listener-id", here.id, "--columns=id")[1:]
        assert max(map(len, shown)) <= width
        # An id that has no room at all goes on in the next line.
        ids = [each[0] for each in re.findall(rf"((\S{{{width}}}\n)*\S+)", "\n".join(shown))]
        assert len(ids) == 4
        for whole, short in zip(stored, ids, strict=True):
            found = admin.ok("event", "delivery", "show", short.replace("\n", ""), "--json").json
            assert found["id"] == whole["id"]
    for short in lines(80, "event", "list", "--limit=9", "--columns=id")[3:-2]:
        assert admin.ok("event", "show", short, "--json").json["id"].startswith(short)


def test_the_shortened_id_of_a_listener_that_was_deleted_still_finds_its_deliveries(admin, lines):
    with EventBus.open(admin.config, deliver="external") as bus:
        gone = [bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"]) for _ in range(20)]
        bus.emit("repo.sync.start", {"repo_id": "r"})
        for each in gone:
            bus.listeners.delete(each.id)
    shown = lines(80, "event", "delivery", "list", "--columns=listener,id,detail,time,state,event_type")[1:]
    assert len(shown) == 20
    for line in shown:
        short = line.split()[0]
        found = admin.ok("event", "delivery", "list", "--listener-id", short, "--json").json
        assert len(found) == 1 and found[0]["listener_id"].startswith(short)
