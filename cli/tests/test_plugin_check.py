"""`plugin check`: what is wrong with a plugin, said without delivering anything; each fault is caught by its claim."""

from __future__ import annotations

import signal

import pytest
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from pulp_events import Action, Channel, EventType, Notifier, hookimpl
from pulp_events.fields import Duration
from pulp_events_cli.plugin_check import loading_time
from pulp_events_cli.release_range import release_range

pytestmark = pytest.mark.slow

CHECK = ("event", "plugin", "check")


class GoodConfig(Schema):
    url = fields.Url(required=True, metadata={"help": "url"})
    token = fields.String(metadata={"help": "token", "secret": True})
    token_style = fields.String(load_default="bearer", metadata={"help": "how", "secret": False})
    wait = Duration(load_default=5.0, metadata={"help": "wait"})


class GoodSettings(Schema):
    timeout = Duration(load_default=5.0, metadata={"help": "time limit"})


class Good(Notifier):
    type_id = "good"
    config_schema = GoodConfig
    settings_section = "good"
    settings_schema = GoodSettings

    def deliver(self, event, config):
        pass


class Account(Schema):
    user = fields.String(required=True, metadata={"help": "who"})
    password = fields.String(required=True, metadata={"help": "its password", "secret": True})


WITH_ACCOUNT = {"account": fields.Nested(Account, required=True, metadata={"help": "who we are"})}


async def targets_in_time(self, config, settings=None):
    return ["a"]


def names_its_account(self, config):
    return [config["account"].get("password", "")]


def needs_its_account(self, config, settings=None):
    return ["a"] * bool(config["account"]["password"])


def plugin(**attributes):
    """A plugin whose notifier has these attributes; `config`, `settings`, `options`: fields of its schemas."""
    for name, key in (("config", "config_schema"), ("settings", "settings_schema")):
        if name in attributes:
            attributes[key] = Schema.from_dict(attributes.pop(name))
    if "options" in attributes:
        found = [Action("ring", "ring", lambda *_: "", Schema.from_dict(attributes.pop("options")))]
        attributes["actions"] = lambda self: found
    notifier = type("Made", (Good,), attributes)()

    class Made:
        pulp_events_api = ">=1.0,<2"

        @hookimpl
        def pulp_notifiers(self):
            return [notifier]

    return Made()


def states(run):
    return {each["what"]: each["state"] for each in run.json["findings"]}


@pytest.mark.parametrize("name", ["email", "http", "amqp"])
def test_the_shipped_ones_pass(admin, name):
    run = admin(*CHECK, name)
    assert run.code == 0 and "problem" not in run.out and "overrides nothing" not in run.out, run.out
    for claim in ("registered", "versions", "imports", "load time", "help of options", "secrets", "JSON", "settings"):
        assert claim in run.out


def test_a_good_one_passes(admin, with_plugin):
    with_plugin("good", plugin(options={"key": fields.String(metadata={"help": "x"})}))
    run = admin.ok(*CHECK, "good", "--json")
    assert set(states(run).values()) == {"ok"} and run.json["ok"] is True
    assert "create, update, ring" in admin.ok(*CHECK, "good").out


class Lossy(fields.Integer):
    def _serialize(self, value, attr, obj, **kwargs):
        return f"<{value}>"


class TextList(fields.List):
    """Says that it is a list, and takes a text alone."""

    def _deserialize(self, value, attr, data, **kwargs):
        if not isinstance(value, str):
            raise ValidationError("Not a text.")
        return value

    def _serialize(self, value, attr, obj, **kwargs):
        return value


class Indexing(Schema):
    room = fields.String(metadata={"help": "x"})
    other = fields.String(metadata={"help": "x"})

    @validates_schema
    def one_of_them(self, data, **_):
        if not data["room"]:
            raise ValidationError("Give a room.")


def opens_nothing(self, config, settings):
    if not config:
        return
    self.opened = config


async def opens_later(self, config, settings):
    return Channel()


HELP = {"metadata": {"help": "x"}}
LOGIN = Schema.from_dict({"user": fields.String(), "password": fields.String()})


@pytest.mark.parametrize(
    ("claim", "attributes", "text"),
    [
        ("help of options", {"config": {"room": fields.String()}}, "good option room has no help"),
        ("help of options", {"settings": {"room": fields.String(load_default="")}}, "[good] room has no help"),
        ("help of options", {"options": {"room": fields.String()}}, "good ring option room has no help"),
        ("secrets", {"config": {"api_key": fields.String(**HELP)}}, "api_key sounds like a secret"),
        (
            "secrets",
            {"settings": {"password": fields.String(load_default="", **HELP)}},
            "password sounds like a secret",
        ),
        ("secrets", {"config": {"login": fields.Nested(LOGIN, **HELP)}}, "login.password sounds like a secret"),
        (
            "secrets",
            {"config": {"all": fields.List(fields.Nested(LOGIN), **HELP)}},
            "all.password sounds like a secret",
        ),
        ("JSON", {"config": {"ratio": fields.Decimal(**HELP)}}, "ratio cannot be stored as JSON"),
        ("JSON", {"config": {"ratio": Lossy(**HELP)}}, "ratio is stored as '<1>', which it then refuses"),
        ("command line", {"config": {"ratio": TextList(fields.String(), **HELP)}}, "--ratio cannot give a value that"),
        (
            "command line",
            {"config": {"ratio": fields.Integer(validate=validate.OneOf(["1"]), **HELP)}},
            "--ratio=1, which help lists, is refused",
        ),
        ("command line", {"options": {"ratio": TextList(fields.String(), **HELP)}}, "action ring: --ratio cannot give"),
        ("JSON", {"config": {"ratio": fields.Raw(load_default=1j, **HELP)}}, "ratio cannot be stored as JSON"),
        ("settings", {"settings": {"host": fields.String(required=True, **HELP)}}, "[good] host has no default"),
        (
            "defaults",
            {"config": {"ratio": fields.Integer(load_default=0, validate=validate.Range(min=1), **HELP)}},
            "good option ratio refuses its own load_default: ['Must be greater than or equal to 1.']",
        ),
        (
            "defaults",
            {"settings": {"level": fields.String(load_default="x", validate=validate.OneOf(["a"]), **HELP)}},
            "[good] level refuses its own load_default",
        ),
        ("validation", {"config_schema": Indexing}, "raises KeyError: 'room' where"),
        ("methods", {"deliver": lambda self, delivery: None}, "deliver() cannot be called: too many positional"),
        ("methods", {"targets": lambda self: []}, "declare it as def targets(self, config)"),
        ("methods", {"open": opens_nothing}, "open() returns None; it must return a Channel"),
        ("methods", {"open": opens_later}, "open() must not be of a coroutine function: it returns a Channel"),
        ("methods", {"targets": lambda self, config: config["url"]}, "targets() must return a list of texts"),
        ("methods", {"targets": lambda self, config: config["no such"]}, "targets() raises KeyError"),
        ("methods", {"targets": lambda self, config: ["a", "a"]}, "targets() returns 'a' twice"),
        ("methods", {"targets": targets_in_time}, "targets() must not be of a coroutine function"),
        ("methods", {"limit": targets_in_time}, "limit() must not be of a coroutine function"),
        ("methods", {"time_limit": "20"}, "time_limit is '20'; it must be a number of seconds"),
        ("methods", {"window": lambda self, config: 60.0}, "it has window(), and deliver() sends each event by itself"),
        ("methods", {"config": WITH_ACCOUNT, "targets": names_its_account}, "a label that has a secret in it"),
        ("methods", {"config": WITH_ACCOUNT, "check": needs_its_account}, "check() raises KeyError: 'password' where"),
        ("methods", {"config": WITH_ACCOUNT, "targets": needs_its_account}, "targets() raises KeyError: 'password'"),
        ("methods", {"config": WITH_ACCOUNT, "warnings": needs_its_account}, "warnings() raises KeyError: 'password'"),
        ("command line", {"actions": lambda self: 1 / 0}, "ZeroDivisionError"),
        ("command line", {"actions": lambda self: [Action("create", "x", print)]}, "taken"),
        ("command line", {"actions": lambda self: [Action("ring", "x", print, int)]}, "a Schema class"),
    ],
)
def test_a_fault_is_found_by_the_claim_meant_for_it(admin, with_plugin, claim, attributes, text):
    with_plugin("good", plugin(**attributes))
    run = admin(*CHECK, "good", "--json")
    assert run.code == 1 and run.json["ok"] is False
    assert any(each["what"] == claim and text in each["text"] for each in run.json["findings"]), run.out
    if claim == "command line":
        return  # what cannot be a command cannot be looked at by the others either
    assert [what for what, state in states(run).items() if state == "problem"] == [claim]


@pytest.mark.parametrize(
    ("name", "method", "meant"),
    [
        ("limits", lambda self, config, settings: 5.0, "limit"),
        ("windows", lambda self, config: 60.0, "window"),
        ("settings_warning", lambda self, settings: [], "settings_warnings"),
    ],
)
def test_a_method_that_looks_like_a_misspelt_override_is_noted_and_passes(admin, with_plugin, name, method, meant):
    with_plugin("good", plugin(**{name: method}))
    run = admin.ok(*CHECK, "good", "--json")
    notes = [each for each in run.json["findings"] if each["state"] == "note"]
    assert [each["what"] for each in notes] == ["methods"]
    assert f"{name}() overrides nothing; if {meant}() is meant, which is not overridden" in notes[0]["text"]


@pytest.mark.parametrize(
    "attributes",
    [
        {"limits": lambda self: 3},  # cannot be called as limit() is
        {"limits": lambda self, config, settings: 3, "limit": lambda self, config, settings: 5.0},
        {"limits": 3, "_limit": lambda self, config, settings: 3},
        {"open_all": lambda self, config, settings: None, "deliver_later": lambda self, event, config: None},
    ],
)
def test_methods_of_its_own_are_none(admin, with_plugin, attributes):
    with_plugin("good", plugin(**attributes))
    assert set(states(admin.ok(*CHECK, "good", "--json")).values()) == {"ok"}


def test_one_that_failed_or_is_blocked_does_not_pass(admin, with_plugin, monkeypatch):
    with_plugin("twice", plugin(type_id="http", settings_section=None, settings_schema=None))
    run = admin(*CHECK, "twice")
    assert run.code == 1 and "problem  registered  notifier type 'http' is already taken" in run.out
    monkeypatch.setenv("PULP_EVENTS_BLOCK", "amqp")
    run = admin(*CHECK, "amqp")
    assert run.code == 1 and "remove it from PULP_EVENTS_BLOCK" in run.out


def test_one_without_a_hook_or_a_version_range_does_not_pass(admin, with_plugin):
    with_plugin("empty", object())
    run = admin(*CHECK, "empty")
    assert run.code == 1 and "implements no hook" in run.out and "pulp_events_api = '>=1.0,<2'" in run.out


def test_one_without_notifiers_has_none_to_be_checked(admin, with_plugin):
    class Observer:
        pulp_events_api = ">=1"

        @hookimpl
        def pulp_event_emitted(self, event):
            pass

    with_plugin("observer", Observer())
    assert set(states(admin.ok(*CHECK, "observer", "--json"))) == {"registered", "versions"}


def test_an_unknown_name_is_answered_with_the_nearest(admin):
    run = admin(*CHECK, "htp")
    assert run.code == 1 and "did you mean 'http'?" in run.err


MODULE = """
from pulp_events import Notifier, hookimpl
{extra}
@hookimpl
def pulp_event_emitted(event):
    pass
"""


THREAD = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"


def install(folder, monkeypatch, extra="", requires=""):
    """A distribution in a folder on the path of this process and of those that it starts."""
    (folder / "a_plugin_to_check.py").write_text(MODULE.format(extra=extra))
    metadata = folder / "a_plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: a-plugin\nVersion: 1.0\n{requires}")
    (metadata / "entry_points.txt").write_text("[pulp_events]\na-plugin = a_plugin_to_check\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(__import__("sys").modules, "a_plugin_to_check", raising=False)


@pytest.mark.parametrize(
    ("extra", "text"),
    [("import requests, smtplib\n", "imports requests, urllib3"), ("import time\ntime.sleep(0.03)\n", " ms of each")],
)
def test_what_it_imports_and_how_long_it_loads_is_measured(admin, tmp_path, monkeypatch, extra, text):
    install(tmp_path, monkeypatch, extra, "Requires-Dist: pulp-events>=1.0,<2\n")
    run = admin(*CHECK, "a-plugin", "--json")
    found = {each["what"]: each for each in run.json["findings"]}
    if "requests" in extra:
        assert run.code == 1 and found["imports"]["state"] == "problem" and text in found["imports"]["text"]
        assert "smtplib" in found["imports"]["text"] and "Channel.open()" in found["imports"]["text"]
    else:
        assert run.code == 0 and found["load time"]["state"] == "note" and "importtime" in found["load time"]["text"]


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        (f"{THREAD}\n", "it starts a thread; start it in Channel.open()"),
        ("import socket\nsocket.socket().bind(('127.0.0.1', 0))\n", "it uses the network; connect in Channel.open()"),
        ("import os\nos.system('true')\n", "it starts a process"),
        ("print('hello')\n", "it prints 'hello'; log with logging"),
        ("import sys\nsys.stderr.write('hello')\n", "it prints 'hello'; log with logging"),
        ("open('{folder}/log', 'w').close()\n", "it writes to {folder}/log; do that in Channel.open()"),
        ("import os\nos.makedirs('{folder}/made', exist_ok=True)\n", "it writes to {folder}/made"),
        ("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n", "it changes what SIGTERM does"),
    ],
)
def test_what_it_does_when_it_is_loaded_is_named(admin, tmp_path, monkeypatch, extra, text):
    extra, text = extra.replace("{folder}", str(tmp_path)), text.replace("{folder}", str(tmp_path))
    install(tmp_path, monkeypatch, extra, "Requires-Dist: pulp-events>=1.0,<2\n")
    before = signal.getsignal(signal.SIGTERM)
    try:
        run = admin(*CHECK, "a-plugin", "--json")
    finally:
        signal.signal(signal.SIGTERM, before)
    found = [each for each in run.json["findings"] if each["what"] == "on loading"]
    assert run.code == 1 and len(found) == 1 and found[0]["text"].startswith(text), found


NEEDED = f"pulp-events{release_range('pulp-events')}"


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        ("import time\ntime.sleep(60)\n", "a_plugin_to_check has not ended after 1 s, and is at line 4 of"),
        ("import os\nos._exit(7)\n", "importing a_plugin_to_check ended the process with exit code 7"),
        ("import os\nos.kill(os.getpid(), 9)\n", "importing a_plugin_to_check ended the process by SIGKILL"),
    ],
)
def test_one_that_hangs_or_ends_its_process_is_named_and_harms_nothing(admin, tmp_path, monkeypatch, extra, text):
    monkeypatch.setattr(loading_time, "PATIENCE", 1.0)
    monkeypatch.setattr(loading_time, "_GRACE", 60.0)  # in which the process has to start
    install(tmp_path, monkeypatch, extra)
    run = admin(*CHECK, "a-plugin", "--json")
    [found] = run.json["findings"]
    assert run.code == 1 and found["what"] == "imports" and text in found["text"]


class Watching:
    pulp_events_api = ">=1.0,<2"

    @hookimpl
    def pulp_event_emitted(self, event):
        pass


class Awaited:
    pulp_events_api = ">=1.0,<2"

    @hookimpl
    async def pulp_event_emitted(self, event):
        pass


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (Awaited(), "pulp_event_emitted is async, and nobody awaits it"),
        (Watching, "pulp_event_emitted is a method of the class Watching; let the entry point name an instance"),
    ],
)
def test_hooks_that_nobody_could_call_are_named(admin, with_plugin, module, text):
    with_plugin("watching", Watching())
    assert admin.ok(*CHECK, "watching")
    with_plugin("watching-2", module)
    run = admin(*CHECK, "watching-2", "--json")
    [found] = [each for each in run.json["findings"] if each["what"] == "hooks"]
    assert run.code == 1 and text in found["text"]


TAKING = """
from marshmallow import Schema
from pulp_events import Notifier

class Taking(Notifier):
    type_id = "http"
    config_schema = Schema

    def deliver(self, event, config):
        pass

@hookimpl
def pulp_notifiers():
    return [Taking()]
"""


def test_one_that_takes_the_type_of_a_built_in_is_found(admin, tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, TAKING, "Requires-Dist: pulp-events>=1.0,<2\n")
    run = admin(*CHECK, "a-plugin", "--json")
    problems = [each["text"] for each in run.json["findings"] if each["state"] == "problem"]
    assert run.code == 1
    assert problems == ["notifier type http is that of pulp-events-http, which it would replace; choose another"]


@pytest.mark.parametrize(
    ("requires", "state", "text"),
    [
        ("Requires-Dist: pulp-events<2,>=1.0\n", "ok", "pulp-events<2,>=1.0"),
        ("Requires-Dist: pulp_events~=1.0\n", "ok", "~="),
        ("Requires-Dist: pulp-events>=0.1\n", "problem", f"write for example {NEEDED} in"),
        ("Requires-Dist: requests>=2\n", "problem", "does not require pulp-events"),
        ("", "problem", "does not require pulp-events"),
    ],
)
def test_the_range_of_releases_is_read_from_its_package(admin, tmp_path, monkeypatch, requires, state, text):
    install(tmp_path, monkeypatch, requires=requires)
    run = admin(*CHECK, "a-plugin", "--json")
    found = {each["what"]: each for each in run.json["findings"]}
    assert found["versions"]["state"] == state and text in found["versions"]["text"]


def test_it_is_loaded_in_one_process_beside_ours(admin, tmp_path, monkeypatch):
    log = tmp_path / "loaded"
    install(tmp_path, monkeypatch, f"import os\nopen({str(log)!r}, 'a').write(f'{{os.getpid()}} ')\n")
    run = admin(*CHECK, "a-plugin")
    assert "of each start of pulp-admin" in run.out
    pids = log.read_text().split()
    assert len(pids) == len(set(pids)) == 2


def test_one_that_does_not_load_alone_is_found(admin, tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, "import sys\nassert 'pytest' in sys.modules, 'only in tests'\n")
    run = admin(*CHECK, "a-plugin")
    assert run.code == 1 and "it does not load in a separate process" in run.out and "only in tests" in run.out


def test_what_only_the_current_folder_has_is_not_imported(tmp_path, monkeypatch):
    """As with pulp-admin, which is a program in another folder."""
    (tmp_path / "only_here.py").write_text("x = 1\n")
    monkeypatch.chdir(tmp_path)
    assert "No module named 'only_here'" in loading_time.measure("here", "only_here").reason


class Sections:
    def __init__(self, **fields_of):
        self.schema = Schema.from_dict(fields_of)

    @hookimpl
    def pulp_settings_sections(self):
        return {"own": self.schema}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ({"limit": fields.Integer(load_default=1)}, "[own] limit has no help; add metadata={'help': …}"),
        ({"password": fields.String(load_default="", **HELP)}, "[own] password sounds like a secret"),
        ({"limit": fields.Integer(required=True, **HELP)}, "[own] limit has no default"),
        ({"limit": fields.Integer(load_default=1, **HELP)}, None),
    ],
)
def test_the_sections_of_a_plugin_without_a_notifier_are_looked_at(admin, with_plugin, field, text):
    with_plugin("own", Sections(**field))
    found = [each for each in admin(*CHECK, "own", "--json").json["findings"] if each["what"] == "settings"]
    if text is None:
        assert [(each["state"], each["text"]) for each in found] == [("ok", "[own], each key with a default")]
    else:
        assert found[0]["state"] == "problem" and found[0]["text"].startswith(text)


class Recursive(Schema):
    next = fields.Nested(lambda: Recursive())


class Unknown(Schema):
    next = fields.Nested("NobodyHasThis")


class Types:
    def __init__(self, schema):
        self.schema = schema

    @hookimpl
    def pulp_event_types(self):
        return [EventType("own.type", "d", schema=self.schema), EventType("own.other", "d")]


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "object"}, None),
        (Schema.from_dict({"x": fields.Integer()}), None),
        ({"type": "objekt"}, "the schema of own.type cannot be used: it is not a JSON Schema: 'objekt' is not valid"),
        (Recursive, None),
        (Unknown, "the schema of own.type cannot be used: own.type cannot be described: RegistryError"),
        ({"minLength": "x"}, "the schema of own.type cannot be used: it is not a JSON Schema: 'x' is not of type"),
        (
            {"properties": {"a": {"pattern": "("}}},
            "the schema of own.type cannot be used: it is not a JSON Schema: '('",
        ),
        (
            {"$ref": "http://x.example/"},
            "the schema of own.type cannot be used: $ref 'http://x.example/' leads nowhere",
        ),
    ],
)
def test_the_schemas_of_a_plugins_event_types_are_looked_at(admin, with_plugin, schema, text):
    with_plugin("own", Types(schema))
    whole = [
        each
        for each in admin("event", "config", "check", "--json").json["findings"]
        if each["what"].startswith("plugin") and "schema" in each["text"]
    ]
    assert [(each["state"], each["what"]) for each in whole] == [("problem", "plugin own")] * (text is not None)
    assert all(each["text"].startswith(text) and each["text"].endswith("are not checked") for each in whole)
    found = [each for each in admin(*CHECK, "own", "--json").json["findings"] if each["what"] == "event types"]
    if text is None:
        assert [(each["state"], each["text"]) for each in found] == [("ok", "own.type has a schema that can be used")]
    else:
        assert [each["state"] for each in found] == ["problem"] and found[0]["text"].startswith(text)
