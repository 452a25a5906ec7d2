"""Listeners of untrusted authors at the command line: shown, said, exported and applied; scopes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
import yaml

from pulp_events import Author, EventBus

CREATE = ("http", "create", "--event-type=*", "--url=https://ci.example/hook")
LISTENER = ("event", "listener")


@pytest.fixture
def bus(admin):
    with EventBus.open(admin.config, deliver="external") as opened:
        yield opened


@pytest.fixture
def mine(bus):
    made = bus.listeners.create(
        "http", {"url": "https://ci.example/hook"}, ["*"], author=Author("alice", scope="domain-a")
    )
    return bus.listeners.update(made.id, name="mine")


def test_who_made_a_listener_is_shown(admin, mine):
    for command in ("list", "show"):
        words = ("--listener-id=mine",) if command == "show" else ()
        shown = admin.ok(*LISTENER, command, *words).out
        assert "alice (untrusted)" in shown and "domain-a" in shown
    [found] = admin.ok(*LISTENER, "list", "--json").json
    assert found["author"] == {"name": "alice", "trusted": False} and found["scope"] == "domain-a"
    assert "alice (untrusted)" in admin.ok(*LISTENER, "history").out
    admin.listener(*CREATE, "--name=admins")
    assert admin.ok(*LISTENER, "show", "--listener-id=admins", "--json").json["author"] is None


def test_an_administrator_says_whether_it_is_trusted(admin, mine):
    one = "--listener-id=mine"
    run = admin("event", "listener", "http", "update", one, "--ca-path=/etc/ca.pem")
    assert run.code == 2 and "untrusted author: ca_path" in run.err and run.err.count("\n") == 1
    assert admin.ok(*LISTENER, "author", one, "--trusted").out == "Event listener successfully updated\n"
    assert admin.ok(*LISTENER, "author", one, "--trusted").out == "No changes were made\n"
    admin.ok("event", "listener", "http", "update", one, "--ca-path=/etc/ca.pem")
    run = admin(*LISTENER, "author", one, "--untrusted")
    assert run.code in (1, 2) and "ca_path" in run.err
    admin.ok("event", "listener", "http", "update", one, "--ca-path=")
    assert admin.ok(*LISTENER, "author", one, "--name=bob", "--untrusted", "--json").json["author"] == {
        "name": "bob",
        "trusted": False,
    }


def test_mistakes_are_said(admin, mine):
    admin.listener(*CREATE, "--name=admins")
    for words, hint in (
        (("--listener-id=admins", "--untrusted"), "name them with --name"),
        (("--listener-id=mine",), "one of the arguments --trusted --untrusted is required"),
        (("--listener-id=mine", "--trusted", "--untrusted"), "not allowed with"),
        (("--listener-id=mine", "--trusted", "--name=dispatcher"), "dispatcher"),
    ):
        run = admin(*LISTENER, "author", *words)
        assert run.code == 2 and hint in run.err, run.err


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_file_says_whose_a_listener_is_and_one_that_does_not_makes_nobody_trusted(admin, mine, tmp_path, form):
    text = admin.ok(*LISTENER, "export", *(["--json"] if form == "json" else [])).out
    content = yaml.safe_load(text)
    assert content["version"] == 2, "releases that know nothing of it refuse the file"
    [entry] = content["listeners"]
    assert entry["author"] == {"name": "alice", "trusted": False} and entry["scope"] == "domain-a"
    path = tmp_path / "file"
    path.write_text(text)
    apply = (*LISTENER, "apply", "-f", str(path))
    assert "1 unchanged" in admin.ok(*apply).out
    admin.ok(*LISTENER, "delete", "--listener-id=mine")
    admin.ok(*apply)
    [made] = admin.ok(*LISTENER, "list", "--json").json
    assert (made["author"], made["scope"]) == ({"name": "alice", "trusted": False}, "domain-a")
    del entry["author"]
    entry["labels"] = {"a": "b"}
    path.write_text(json.dumps(content))
    admin.ok(*apply)
    [kept] = admin.ok(*LISTENER, "list", "--json").json
    assert kept["author"] == {"name": "alice", "trusted": False} and kept["labels"] == {"a": "b"}
    entry["notifier_config"]["ca_path"] = "/etc/ca.pem"
    path.write_text(json.dumps(content))
    for more in ((), ("--dry-run",)):
        run = admin(*apply, *more)
        assert run.code == 2 and "listener 1: invalid http configuration for an untrusted author: ca_path" in run.err
    entry["author"] = {"name": "alice", "trusted": True}
    path.write_text(json.dumps(content))
    assert "author: alice" in admin.ok(*apply, "--dry-run").out
    admin.ok(*apply)
    [trusted] = admin.ok(*LISTENER, "list", "--json").json
    assert trusted["author"] == {"name": "alice", "trusted": True}


@pytest.mark.parametrize(
    "author", ["alice", {"name": "alice"}, {"name": "", "trusted": False}, {"name": "x", "trusted": 1}]
)
def test_an_author_in_a_file_that_is_none_is_refused(admin, tmp_path, author):
    path = tmp_path / "file"
    entry = {"notifier_type_id": "http", "event_types": ["*"], "notifier_config": {"url": "https://a.example/"}}
    path.write_text(json.dumps({"version": 2, "listeners": [{**entry, "author": author}]}))
    run = admin(*LISTENER, "apply", "-f", str(path))
    assert run.code == 2 and "listener 1, author: " in run.err
    assert admin.ok(*LISTENER, "list", "--json").json == []


def test_scopes_at_the_command_line(admin):
    a = admin.listener(*CREATE, "--scope=a", "--disabled")
    plain = admin.listener(*CREATE, "--disabled")
    told = admin.ok(*LISTENER, "explain", "--event-type=repo.sync.start", "--scope=b", "--json").json
    assert {each["listener_id"]: each["cause"] for each in told} == {a: "scope", plain: "disabled"}
    for scope, count in (("a", 2), ("b", 1)):
        emitted = admin.ok("event", "emit", "repo.sync.start", f"--scope={scope}", "--no-wait", "--json").json
        assert len(emitted["deliveries"]) == count
    event = emitted["id"]
    run = admin(*LISTENER, "explain", f"--event={event}", "--scope=a")
    assert run.code == 2 and "leave out --payload, --call-report and --scope" in run.err
    told = admin.ok(*LISTENER, "explain", f"--event={event}", "--json").json
    assert {each["listener_id"]: each["cause"] for each in told} == {a: "scope", plain: "disabled"}
    shown = admin.ok("event", "show", event, "--json").json
    assert (shown["scope"], shown["scope_known"]) == ("b", True)
    reasons = {each["listener_id"]: each["detail"] for each in shown["listeners"]}
    assert reasons[a] == "the event has the scope b, and the listener has the scope a"
    assert "Scope:       b\n" in admin.ok("event", "show", event).out
    listed = admin.ok("event", "list", "--scope=a", "--json").json
    assert [each["scope"] for each in listed] == ["a"]
    assert admin.ok("event", "list", "--columns=scope,id", "--sort=scope").out.split("\n")[1:3] == [
        f"a      {listed[0]['id']}", f"b      {event}"]  # fmt: skip


def test_backtest_and_backfill_of_a_listener_with_a_scope(admin):
    admin.listener(*CREATE, "--disabled")
    events = {}
    for scope in ("a", "b"):
        emitted = admin.ok("event", "emit", "repo.sync.start", f"--scope={scope}", "--no-wait", "--json").json
        events[scope] = emitted["id"]
    late = admin.listener(*CREATE, "--scope=a", "--disabled")
    run = admin.ok(*LISTENER, "backtest", late, "--since=1h")
    assert "1 of 1 stored event of its types and scope would be sent, in 1 message" in run.out
    assert [each["id"] for each in admin.ok(*LISTENER, "backtest", late, "--since=1h", "--json").json["events"]] == [
        events["a"]
    ]
    other = admin.ok(*LISTENER, "backtest", late, "--scope=b", "--since=1h", "--json").json
    assert [each["id"] for each in other["events"]] == [events["b"]] and other["scope_unknown"] == 0
    assert admin.ok(*LISTENER, "backfill", late, "--since=1h", "--json").json["added"] == 1
    [delivery] = admin.ok("event", "delivery", "list", f"--listener-id={late}", "--json").json
    assert delivery["event_id"] == events["a"]


def test_what_an_earlier_release_stored_is_said_to_have_no_known_scope(admin, tmp_path):
    late = admin.listener(*CREATE, "--scope=a", "--disabled")
    other = admin.listener(*CREATE, "--scope=b", "--disabled")
    event = admin.ok("event", "emit", "repo.sync.start", "--scope=a", "--no-wait", "--json").json["id"]
    [path] = tmp_path.rglob("outbox.sqlite")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE pulp_event SET scope = NULL")
    run = admin.ok(*LISTENER, "backtest", late, "--since=1h")
    assert "1 event with a delivery was left out: an earlier release stored it, without its scope" in run.out
    assert admin.ok(*LISTENER, "backtest", late, "--since=1h", "--json").json["scope_unknown"] == 1
    assert admin.ok(*LISTENER, "backfill", late, "--since=1h", "--json").json["added"] == 0
    shown = admin.ok("event", "show", event, "--json").json
    assert (shown["scope"], shown["scope_known"]) == (None, False)
    reasons = {each["listener_id"]: each["detail"] for each in shown["listeners"]}
    told = {each["listener_id"]: each for each in admin.ok(*LISTENER, "explain", f"--event={event}", "--json").json}
    assert told[other]["gets"] == "unknown" and reasons[other] == told[other]["reason"]
    assert reasons[other].startswith("with which scope the event was emitted is not known")
    text = admin.ok("event", "show", event).out
    assert "(not known)" in text and " unknown " in text and "not matched" not in text
    assert "(not known)" in admin.ok("event", "list", "--columns=id,scope").out
    for more in (("--dry-run",), ("--yes",)):
        run = admin("event", "erase", "--scope=a", *more)
        assert run.code == 1 and run.out.startswith("0 events")
        assert "earlier release stored it" in run.err and "erase these without --scope" in run.err
    assert json.loads(admin("event", "erase", "--scope=a", "--yes", "--json").out)["scope_unknown"] == 1
    admin.ok("event", "erase", "--id", event, "--yes")
    assert admin("event", "erase", "--scope=a", "--yes").code == 0


def test_only_events_of_a_scope_are_erased_and_an_empty_one_is_refused(admin):
    admin.listener(*CREATE, "--disabled")
    events = [admin.ok("event", "emit", "repo.sync.start", "--no-wait", *more, "--json").json["id"]
              for more in (("--scope=a",), ("--scope=b",), ())]  # fmt: skip
    run = admin("event", "erase", "--scope=", "--yes")
    assert run.code == 2 and "--scope" in run.err
    run = admin("event", "emit", "repo.sync.start", "--scope=")
    assert run.code == 2 and "argument --scope: is empty; give a value, or leave the option out" in run.err
    for command in (("emit", "repo.sync.start"), ("listener", *CREATE)):
        run = admin("event", *command, "--scope=a ")
        assert run.code in (1, 2) and "without blanks at its ends" in run.err and run.err.count("\n") == 1
    assert admin.ok("event", "erase", "--scope=a", "--yes", "--json").json["events"] == 1
    erased = {each["id"]: each["erased"] is not None for each in admin.ok("event", "list", "--json").json}
    assert erased == dict(zip(events, (True, False, False), strict=True))
    [record] = admin.ok("event", "erasures", "--json").json
    assert record["asked"] == "scope a"


def test_a_scope_that_no_event_can_have_is_refused_wherever_one_is_asked_for(admin):
    admin.ok("event", "emit", "repo.sync.start", "--scope=a", "--no-wait")
    for scope in ("a ", "\u3164a", "a\u2800"):
        for command in (["emit", "repo.sync.start"], ["list"], ["erase", "--yes"]):
            run = admin("event", *command, f"--scope={scope}")
            assert run.code != 0 and "blanks at its ends" in run.err, command
    assert len(admin.ok("event", "list", "--json").json) <= 1


def test_an_empty_scope_makes_no_listener_of_every_scope(admin):
    run = admin(*LISTENER, *CREATE, "--scope=")
    assert run.code != 0 and "--scope is empty" in run.err
    assert admin.ok(*LISTENER, "list", "--json").json == []
    one = admin.listener(*CREATE, "--scope=a")
    admin.ok(*LISTENER, "http", "update", f"--listener-id={one}", "--scope=")
    assert admin.ok(*LISTENER, "list", "--json").json[0]["scope"] is None
