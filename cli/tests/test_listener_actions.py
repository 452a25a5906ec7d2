"""Commands of a notifier type beside `create` and `update`."""

from __future__ import annotations

import pytest
from marshmallow import Schema, fields, validate

from pulp_events import Action, InvalidConfig, Notifier, hookimpl
from pulp_events.fields import Duration


class BellConfig(Schema):
    tone = fields.String(required=True, metadata={"help": "tone"})
    key = fields.String(metadata={"help": "key", "secret": True})


class RingOptions(Schema):
    times = fields.Integer(load_default=1, validate=validate.Range(1, 3), metadata={"help": "how often"})
    every = Duration(load_default=60.0, metadata={"help": "how long between"})
    key = fields.String(metadata={"help": "the new key", "secret": True})


class NeedsOptions(Schema):
    reason = fields.String(required=True, metadata={"help": "why"})


def ring(listeners, listener, options):
    if "key" in options:
        listeners.update(listener.id, {"key": options["key"]})
    return f"{listener.notifier_config['tone']} {options['times']} {options['every']:g}\nsecond\x1b line"


def silence(listeners, listener, options):
    raise InvalidConfig(f"listener {listener.id} is silent already; ring it first")


ACTIONS = [
    Action("ring-it-now", "ring the bell", ring, RingOptions),
    Action("silence", "let it be silent", silence, NeedsOptions),
    Action("hush", "say nothing", lambda listeners, listener, options: ""),
]


class Bell(Notifier):
    type_id = "bell"
    config_schema = BellConfig
    has = ACTIONS

    def deliver(self, event, config):
        pass

    def actions(self):
        return self.has


class Plugin:
    @hookimpl
    def pulp_notifiers(self):
        return [Bell()]


@pytest.fixture(autouse=True)
def installed(with_plugin):
    with_plugin("bell", Plugin())


@pytest.fixture
def bell(admin):
    return admin.listener("bell", "create", "--event-type=*", "--tone=ding")


def action(name, listener, *words):
    return ("event", "listener", "bell", name, "--listener-id", listener, *words)


def test_they_stand_in_the_help_of_the_type(admin):
    text = admin.ok("event", "listener", "bell").out
    assert "Other Commands:\n  hush        - say nothing\n  ring-it-now - ring the bell\n" in text
    text = admin.ok("event", "listener", "bell", "ring-it-now", "--help").out
    assert "--listener-id - (required)" in text and "--every       - how long between; default: 1m" in text


def test_it_gets_the_listener_and_the_options_as_the_schema_loads_them(admin, bell):
    assert admin.ok(*action("ring-it-now", bell)).out == "ding 1 60\nsecond\\x1b line\n"
    assert admin.ok(*action("ring-it-now", bell, "--times=3", "--every=2m")).out.startswith("ding 3 120\n")
    assert admin.ok(*action("ring-it-now", bell[:-1], "--times=", "--json")).json == {
        "listener_id": bell, "action": "ring-it-now", "text": "ding 1 60\nsecond\x1b line",
    }  # fmt: skip
    assert admin.ok(*action("hush", bell)).out == ""


def test_bad_options_are_one_line_without_secrets(admin, bell):
    run = admin(*action("ring-it-now", bell, "--times=9", "--key=hunter22"))
    assert run.code == 2 and "--times: Must be" in run.err and run.err.count("\n") == 1 and "hunter22" not in run.err
    run = admin(*action("silence", bell))
    assert run.code == 2 and "--reason is required" in run.err
    run = admin("event", "listener", "bell", "hush")
    assert run.code == 2 and "--listener-id is required" in run.err


def test_a_secret_may_be_a_reference_that_the_action_stores(admin, bell):
    admin.ok(*action("ring-it-now", bell, "--key=env:BELL_KEY"))
    assert '"$env": "BELL_KEY"' in admin.stored()


def test_it_fails_with_its_text(admin, bell):
    run = admin(*action("silence", bell, "--reason=x"))
    assert run.code != 0 and run.err == f"pulp-admin: error: listener {bell} is silent already; ring it first\n"


def test_a_listener_of_another_type_is_refused(admin):
    other = admin.listener("http", "create", "--event-type=*", "--url=http://ci.example/")
    run = admin(*action("hush", other))
    assert run.code == 2 and "pulp-admin event listener http hush" in run.err


@pytest.mark.parametrize(
    ("has", "reason"),
    [
        ([Action("update", "x", ring)], "taken"), ([ACTIONS[0], ACTIONS[0]], "taken"),
        ([Action("A b", "x", ring)], "lower-case"), (["ring"], "Action objects"), (None, "list of Action objects"),
        ("ring", "list of Action objects"),
        ([Action("a", None, ring)], "must be text"), ([Action("a", "x", "ring")], "must be a function"),
        ([Action("a", "x", ring, {})], "a Schema class"), ([Action("a", "x", ring, examples=5)], "must be text"),
    ],
)  # fmt: skip
def test_one_that_cannot_be_is_left_out_and_said(admin, monkeypatch, has, reason):
    monkeypatch.setattr(Bell, "has", has)
    run = admin.ok("event", "listener", "bell")
    assert "create - create a listener" in run.out and "update - update a listener" in run.out
    assert reason in run.err and run.err.count("\n") == 1
    assert admin.ok("event", "listener", "bell", "create", "--event-type=*", "--tone=x").err == ""


def test_their_examples_and_those_of_the_schema_are_in_the_manual(admin, monkeypatch, tmp_path):
    example = "Ring it:\n\n    $ pulp-admin event listener bell ring --listener-id=door\n    .ding\n"
    monkeypatch.setattr(Bell, "has", [Action("ring", "x", ring, examples=example)])
    monkeypatch.setitem(BellConfig._declared_fields["tone"].metadata, "example", "ding dong")
    admin.ok("--man-pages", str(tmp_path))
    pages = {name: (tmp_path / f"pulp-admin-event-listener-bell-{name}.1").read_text() for name in ("ring", "create")}
    assert ".SH EXAMPLES\nRing it:\n.PP\n.RS 4\n.nf\n$ pulp\\-admin event listener bell ring" in pages["ring"]
    assert "\n\\&.ding\n" in pages["ring"]
    assert r"\-\-tone='ding dong'" in pages["create"]
    monkeypatch.delitem(BellConfig._declared_fields["tone"].metadata, "example")
    admin.ok("--man-pages", str(tmp_path))
    create = (tmp_path / "pulp-admin-event-listener-bell-create.1").read_text()
    assert "tone='ding" not in create and ".SH EXAMPLES\nWhat this page says" in create


EXITS = [SystemExit(0), SystemExit("hunter22"), KeyboardInterrupt(), GeneratorExit(), KeyError("hunter22")]


def raising(error):
    def run(*arguments):
        raise error

    return run


@pytest.mark.parametrize("error", EXITS, ids=repr)
def test_actions_that_exit_are_left_out_and_said(admin, monkeypatch, error):
    monkeypatch.setattr(Bell, "actions", raising(error))
    run = admin.ok("event", "listener", "bell")
    assert "create - create a listener" in run.out and run.err.count("\n") == 1
    assert "notifier type 'bell': it raised" in run.err and type(error).__name__ in run.err


@pytest.mark.parametrize("error", EXITS, ids=repr)
def test_an_action_that_exits_fails_and_names_its_type(admin, monkeypatch, error):
    monkeypatch.setattr(Bell, "has", [Action("break", "x", raising(error))])
    listener = admin.listener("bell", "create", "--event-type=*", "--tone=ding", "--key=hunter22")
    run = admin(*action("break", listener))
    assert run.code == 1 and run.err.count("\n") == 1 and "hunter22" not in run.err
    assert f"notifier type 'bell', action break: it raised {type(error).__name__}" in run.err


def test_an_action_that_returns_no_text_fails(admin, monkeypatch):
    monkeypatch.setattr(Bell, "has", [Action("break", "x", lambda *arguments: 5)])
    listener = admin.listener("bell", "create", "--event-type=*", "--tone=ding")
    run = admin(*action("break", listener))
    assert run.code == 1 and "what it returned is 5; it must be text" in run.err


def test_the_http_notifiers_rotate_a_secret(admin):
    http = admin.listener("http", "create", "--event-type=*", "--url=http://ci.example/", "--secret=generate")
    before = admin.ok("event", "listener", "http", "show-secret", "--listener-id", http).out
    made = admin.ok("event", "listener", "http", "rotate-secret", "--listener-id", http, "--overlap=1h").out
    assert made.startswith("Secret for the receiver: whsec_") and "The old secret also signs for 1h" in made
    after = admin.ok("event", "listener", "http", "show-secret", "--listener-id", http).out
    assert after != before and made.startswith(after)
    bare = admin.ok("event", "listener", "http", "show-secret", "--listener-id", http, "--bare").out
    assert f"Secret for the receiver: {bare}" == after
