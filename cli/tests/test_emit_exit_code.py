"""`event emit`: what was stored is said, whatever fails afterwards."""

from __future__ import annotations

from pulp_events.listeners.listeners import Listeners

HEADERS = ("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/", "--header=env:A", "--header=X: b")


def test_a_list_with_a_reference_in_it_is_no_mistake_of_an_emit(admin):
    admin.listener(*HEADERS)
    run = admin("event", "emit", "repo.sync.start", "--no-wait")
    assert run.code == 0 and "pending" in run.out
    assert admin.ok("event", "delivery", "stats", "--json").json["pending"] == 1


def test_what_fails_after_the_event_was_stored_does_not_look_as_if_it_had_not_been(admin, monkeypatch):
    admin.listener(*HEADERS)

    def fail(*_):
        raise ValueError("no such thing")

    monkeypatch.setattr(Listeners, "list", fail)
    run = admin("event", "emit", "repo.sync.start", "--no-wait")
    assert run.code == 1
    assert (
        "is stored and will be delivered, so do not emit it again" in run.err and "ValueError: no such thing" in run.err
    )
