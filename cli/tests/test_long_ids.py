"""Ids that an application chose: however long they are and wherever they differ, tables stay tables."""

from __future__ import annotations

import re
import sys
from itertools import product
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.errors import EventNotFound
from pulp_events.testing import open_bus
from pulp_events_cli.ids import delivery_ids, events, numbered, shortening

sys.path.insert(0, str(Path(__file__).parent))
from terminal import Terminal

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
SYNCS = [f"repo-sync:rpm:fedora-42-updates-x86_64:2026-11-26T22:0{n}:00Z" for n in range(9)]
LONG = [f"{'nightly-' * 16}export.{n}" for n in range(2)]


@pytest.fixture
def emitted(admin):
    """`emitted(ids)`: events with these ids, each with a delivery; then one with an id of ours."""

    def emit(ids):
        with EventBus.open(admin.config, deliver="external") as bus:
            bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"], name="ci-builds")
            for each in ids:
                bus.emit("repo.sync.start", {"repo_id": "r"}, id=each)
            bus.emit("repo.sync.start", {"repo_id": "r"})

    return emit


@pytest.fixture
def lines(admin):
    """What a terminal with so many columns shows."""

    def run(columns, *words):
        terminal = Terminal(admin.command(*words), admin.environment, columns)
        try:
            text, code = terminal.end()
        finally:
            terminal.close()
        assert code == 0, text
        return ESCAPE.sub("", text).replace("\r\n", "\n").splitlines()

    return run


@pytest.mark.slow
@pytest.mark.parametrize("ids", [SYNCS, LONG], ids=["times", "long"])
def test_long_ids_take_no_room_from_the_other_columns(admin, emitted, lines, ids):
    emitted(ids)
    heading, *rows = lines(80, "event", "delivery", "list")
    assert {"ID", "LISTENER", "STATE", "NEXT", "WAITS"} <= set(heading.split())
    assert len(rows) == len(ids) + 1 and max(map(len, [heading, *rows])) <= 80
    with EventBus.open(admin.config, deliver="external") as bus:
        for row, whole in zip(rows[1:], reversed(ids), strict=True):
            short = row.split()[0]
            assert short.startswith(whole[:6]) and len(short) <= 16
            assert delivery_ids.find(bus, short).id == f"{whole}.0"
    # The one beside them has the beginning of its own.
    assert numbered.MARK not in rows[0].split()[0]
    heading, *rows = lines(40, "event", "list")
    assert len(rows) == len(ids) + 1 and max(map(len, [heading, *rows])) <= 40


def test_a_long_id_that_was_asked_for_by_name_is_shown(emitted, lines):
    emitted(LONG)
    shown = lines(80, "event", "delivery", "list", "--columns=state,next,id")
    assert shown[0].split() == ["STATE", "NEXT", "ID"] and len(shown) == 4


def test_every_command_takes_what_stands_for_a_long_id(admin, emitted, lines):
    emitted(SYNCS)
    shown = lines(80, "event", "list", "--columns=id,time,event_type")[1:]
    event = next(row.split()[0] for row in shown if numbered.MARK in row)
    whole = admin.ok("event", "show", event, "--json").json["id"]
    assert whole == SYNCS[-1]
    assert [each["id"] for each in admin.ok("event", "list", "--id", event, "--json").json] == [whole]
    assert [each["id"] for each in admin.ok("event", "list", "--before", event, "--json").json] == SYNCS[-2::-1]
    found = admin.ok("event", "delivery", "list", "--event-id", event, "--json").json
    assert [each["event_id"] for each in found] == [whole]
    assert len(admin.ok("event", "delivery", "list", "--before", f"{event}.0", "--json").json) == 8
    assert "1 pending" in admin.ok("event", "listener", "explain", "--event", event).out
    admin.ok("event", "delivery", "discard", f"{event}.0")
    assert admin.ok("event", "delivery", "show", f"{whole}.0", "--json").json["state"] == "dead"
    admin.ok("event", "delivery", "retry", f"{event}.0")
    admin.ok("event", "erase", "--id", event, "--yes")
    erased = {each["id"] for each in admin.ok("event", "list", "--json").json if each["erased"]}
    assert erased == {whole}
    assert f"id {whole}" in admin.ok("event", "erasures").out
    admin.ok("event", "delivery", "purge", f"{event}.0")


def test_a_number_with_the_beginning_of_another_id_is_none(admin, emitted):
    emitted(SYNCS)
    with EventBus.open(admin.config, deliver="external") as bus:
        for text in ("repo-p~1", "repo-s~0", "repo-s~999", "rep~1", "rap-syn~1", "repo-s~" + "9" * 30, "repo-s~²"):
            with pytest.raises(EventNotFound, match="no stored event has the id"):
                events.find(bus, text)


def test_an_id_that_looks_like_a_short_form_is_not_taken_for_one(admin):
    """The events 1 and 2 would be `repo-s~1` and `repo-s~2`, but others are called so, or begin so."""
    own = [*SYNCS[:3], "repo-s~1", "repo-s~2-and-more"]
    with EventBus.open(admin.config, deliver="external") as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        for each in own:
            bus.emit("repo.sync.start", {"repo_id": "r"}, id=each)
        assert set(numbered.forms(bus, own)) == {SYNCS[2], *own[3:]}
        assert events.find(bus, "repo-s~1").id == "repo-s~1"
        assert events.find(bus, "repo-s~3").id == SYNCS[2]
    run = admin("event", "show", "repo-s~2")
    assert run.code == 2 and "is ambiguous: 2 events" in run.err


def test_what_a_table_shows_finds_the_event_it_stands_for(tmp_path):
    ids = [
        f"n{''.join(parts)}"
        for parts in product(("", "ightly-export-of-"), ("a", "~", "a~1", "~.1"), ("", "1", "12", "2"))
    ]
    ids = [*dict.fromkeys(ids), "nightl~1", "nightl~20-and-more"]
    with open_bus(tmp_path, conf={"events": {"keep": "all"}}) as bus:
        for each in ids:
            bus.emit("repo.sync.start", {"repo_id": "r"}, id=each)
        forms = shortening.events(bus, ids)
        assert {each: events.find(bus, forms[each][-1]).id for each in ids} == {each: each for each in ids}
