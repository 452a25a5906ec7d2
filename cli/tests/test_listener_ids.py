"""Ids of listeners: the beginning of one is enough if no other begins so."""

from __future__ import annotations

import pytest

from pulp_events_cli.errors import UsageError
from pulp_events_cli.ids import listener_ids

HTTP = ("http", "create", "--event-type=*", "--url=http://ci.example/")


@pytest.fixture
def known(monkeypatch):
    """Two listeners have these ids."""
    ids = ["5081a42ce19a00ea43000001", "5081b42ce19a00ea43000002"]
    import pulp_events.listeners.making as module

    left = iter(ids)
    monkeypatch.setattr(module, "new_listener_id", lambda: next(left))
    return ids


@pytest.fixture
def listeners(admin, known):
    for _ in known:
        admin.ok("event", "listener", *HTTP)
    return known


def show(admin, text):
    return admin("event", "listener", "show", "--listener-id", text, "--json")


def test_a_unique_beginning_is_enough(admin, listeners):
    assert show(admin, "5081a").json["id"] == listeners[0]
    assert show(admin, listeners[1][:-1]).json["id"] == listeners[1]


def test_an_ambiguous_one_is_refused_with_the_ids(admin, listeners):
    run = show(admin, "5081")
    assert run.code == 2 and "ambiguous" in run.err and all(each in run.err for each in listeners)


def test_one_that_is_too_short_is_refused_with_the_reason(admin, listeners):
    run = show(admin, "508")
    assert run.code == 1 and "at least 4 characters" in run.err


def test_a_mistyped_id_is_answered_with_the_nearest(admin, listeners):
    run = show(admin, "5081a42ce19a00ea43000O01")
    assert run.code == 1 and f"did you mean '{listeners[0]}'?" in run.err
    run = show(admin, "x")
    assert run.code == 1 and "`pulp-admin event listener list` shows them" in run.err


@pytest.mark.parametrize("command", [("disable",), ("enable",), ("delete",), ("http", "update", "--ca-path=/ca")])
def test_every_command_on_a_listener_takes_it(admin, listeners, command):
    admin.ok("event", "listener", *command, "--listener-id=5081b")
    after = {each["id"]: each for each in admin.ok("event", "listener", "list", "--json").json}
    assert listeners[0] in after and after[listeners[0]]["enabled"] and "ca_path" not in str(after[listeners[0]])


def test_the_ledger_takes_it_and_finds_deleted_listeners_too(admin, listeners):
    admin.ok("event", "emit", "repo.sync.start", "--no-wait")
    query = ("event", "delivery", "list", "--json", "--listener-id")
    (found,) = admin.ok(*query, "5081a").json
    assert found["listener_id"] == listeners[0]
    admin.ok("event", "listener", "delete", "--listener-id=5081a")
    assert len(admin.ok(*query, listeners[0]).json) == 1
    assert len(admin.ok(*query, "5081a").json) == 1
    assert admin(*query, "5081c").code == 1


def test_many_candidates_are_not_all_shown():
    class Bus:
        class listeners:
            @staticmethod
            def list():
                return [type("Listener", (), {"id": f"5081{number:020}", "name": None})() for number in range(9)]

    with pytest.raises(UsageError, match="9 listeners .*, …$"):
        listener_ids.find(Bus(), "5081")
