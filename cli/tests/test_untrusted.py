"""Listeners of untrusted authors at the command line: shown, said, exported and applied; scopes."""

from __future__ import annotations

import json

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
    assert admin(*LISTENER, "explain", f"--event={event}", "--scope=a").code == 2
    for command in (("backtest", a), ("backfill", a)):
        run = admin(*LISTENER, *command, "--since=1h")
        assert run.code == 1 and "not stored which scope" in run.err and run.err.count("\n") == 1
