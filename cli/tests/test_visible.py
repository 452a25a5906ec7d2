"""`delivery show`, lists, `--json`, messages: nothing of a payload reaches the terminal that it would obey."""

from __future__ import annotations

import json
import unicodedata

HTTP = ("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/")
NASTY = "ok \u202edeliaf\u202c \x9b31m \x7f \u2066x\u2069 \x1b[2J \u061c Größe"


def obeyed(text):
    return {unicodedata.name(one, hex(ord(one))) for one in text if unicodedata.category(one) in ("Cc", "Cf")} - {"0xa"}


def test_a_payload_is_made_visible_wherever_it_is_shown(admin):
    listener = admin.listener(*HTTP)
    payload = json.dumps({"repo_id": NASTY, NASTY: 1})
    event = admin.ok("event", "emit", "repo.sync.start", "--payload", payload, "--no-wait", "--json").json["id"]
    for words in (
        ("event", "delivery", "show", f"{event}.0"),
        ("event", "delivery", "show", f"{event}.0", "--json"),
        ("event", "delivery", "list", "--json"),
        ("event", "delivery", "tail", "--for=0s", "--json"),
        ("event", "listener", "mute", "--listener-id", listener, "--for=1h"),
    ):
        assert not obeyed(admin.ok(*words).out), words
    shown = admin.ok("event", "delivery", "show", f"{event}.0", "--json").json
    assert shown["report"]["payload"]["repo_id"] == NASTY
    assert "Größe" in admin.ok("event", "delivery", "show", f"{event}.0").out


def test_names_and_errors_are_made_visible_too(admin):
    for words in (
        ("event", "emit", NASTY),
        ("event", "emit", "repo.sync.start", "--payload", NASTY),
        ("event", "listener", "show", "--listener-id", NASTY),
        ("event", "listener", *HTTP, "--filter", NASTY),
    ):
        run = admin(*words)
        assert run.code != 0 and not obeyed(run.err), words
    listener = admin.listener(*HTTP, "--filter", f"payload.a == '{NASTY}'")
    for words in (
        ("list",),
        ("list", "--json"),
        ("show", "--listener-id", listener),
        ("export", "--json"),
        ("export",),
    ):
        assert not obeyed(admin.ok("event", "listener", *words).out), words
    admin.ok("event", "listener", "disable", "--listener-id", listener, "--reason", NASTY)
    for words in (("listener", "list"), ("config", "check"), ("listener", "explain", "--event-type=repo.sync.start")):
        assert not obeyed(admin("event", *words).out), words
