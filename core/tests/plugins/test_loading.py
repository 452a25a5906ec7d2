"""One broken plugin is left out, named with its reason; the others work. Real packages on a real path."""

import sys

import pytest

from pulp_events import EventBus, PluginError, SettingsError, UnknownNotifierType
from pulp_events.plugins.registry import Plugins

GOOD = """
from marshmallow import Schema, fields
from pulp_events import EventType, Notifier, hookimpl

class Config(Schema):
    room = fields.String(metadata={"help": "room"})

class Chat(Notifier):
    type_id = "%s"
    config_schema = Config
    def deliver(self, event, config):
        pass

@hookimpl
def pulp_notifiers():
    return [Chat()]
"""
HEAD = "from marshmallow import Schema\nfrom pulp_events import EventType, Notifier, hookimpl\n"
BROKEN = {
    "import error": ("import no_such_module_anywhere", "No module named"),
    "syntax error": ("def", "SyntaxError"),
    "exit at import": ("raise SystemExit(3)", "SystemExit: 3"),
    "taken type id": (GOOD % "good", "'good' is already taken"),
    "misspelt hook": (HEAD + "@hookimpl\ndef pulp_notifierz():\n    return []", "pulp_notifierz"),
    "wrong arguments": (HEAD + "@hookimpl\ndef pulp_event_emitted(evnt):\n    pass", "evnt"),
    "hook raises": (HEAD + "@hookimpl\ndef pulp_notifiers():\n    raise KeyError('boom')", "boom"),
    "newer api": (GOOD % "newer" + "\npulp_events_api = '>=2'", "needs plugin API >=2"),
    "odd api": (GOOD % "odd" + "\npulp_events_api = 'one'", "not a version range"),
    "no notifier": (HEAD + "@hookimpl\ndef pulp_notifiers():\n    return ['chat']", "must return Notifier objects"),
    "no event type": (HEAD + "@hookimpl\ndef pulp_event_types():\n    return ['a.b']", "must return EventType objects"),
    "bad type id": (GOOD % "Bad Name", "lower-case letters"),
    "reserved type id": (GOOD % "list", "a command of the CLI"),
    "no schema": (HEAD + "class N(Notifier):\n    type_id = 'n'\n    config_schema = dict\n"
                  "    def deliver(self, e, c): pass\n"
                  "@hookimpl\ndef pulp_notifiers():\n    return [N()]", "marshmallow Schema class"),
    "nothing overridden": (HEAD + "class N(Notifier):\n    type_id = 'n'\n    config_schema = Schema\n"
                           "@hookimpl\ndef pulp_notifiers():\n    return [N()]", "neither deliver() nor open()"),
    "no marker": (HEAD + "def pulp_notifiers():\n    return []", "not marked with @hookimpl"),
    "bad event type": (HEAD + "@hookimpl\ndef pulp_event_types():\n    return [EventType('a b', "
    "'')]", "not a valid name"),
    "taken event type": (HEAD + "@hookimpl\ndef pulp_event_types():\n    return [EventType('repo.sync.start', 'mine')]",
                         "already registered"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_plugin_is_left_out_with_its_reason_and_harms_no_other(install, fault):
    code, reason = BROKEN[fault]
    install("a_first", GOOD % "first")
    install("b_good", GOOD % "good")
    install("c_broken", code)
    install("d_last", GOOD % "last")
    plugins = Plugins.load()
    states = {plugin.name: plugin for plugin in plugins.all if plugin.name[1] == "_"}
    assert {name: plugin.state for name, plugin in states.items()} == {
        "a_first": "loaded", "b_good": "loaded", "c_broken": "failed", "d_last": "loaded",
    }  # fmt: skip
    assert reason in states["c_broken"].reason and "\n" not in states["c_broken"].reason
    assert {"first", "good", "last"} <= set(plugins.notifiers)
    assert (states["c_broken"].distribution, states["c_broken"].version) == ("planted-c_broken", "1.2")


def test_a_plugin_that_brings_one_bad_notifier_brings_none(install):
    install("half", GOOD % "half" + "\n@hookimpl\ndef pulp_event_types():\n    return [EventType('x.y', 'd'), 5]\n")
    plugins = Plugins.load()
    assert "half" not in plugins.notifiers and "x.y" not in plugins.event_types


def test_a_blocked_plugin_is_not_even_imported(install, monkeypatch):
    install("blocked", "raise AssertionError('imported')")
    monkeypatch.setenv("PULP_EVENTS_BLOCK", "other, blocked")
    [plugin] = [plugin for plugin in Plugins.load().all if plugin.name == "blocked"]
    assert (plugin.state, plugin.reason) == ("blocked", "named in PULP_EVENTS_BLOCK")
    assert "planted_blocked" not in sys.modules


def test_an_unknown_notifier_type_is_answered_with_what_is_there_or_how_to_get_it():
    with pytest.raises(UnknownNotifierType, match="pip install pulp-events-email"):
        Plugins().notifier("email")
    with pytest.raises(UnknownNotifierType, match="did you mean 'http'"):
        Plugins.load().notifier("htpp")


def test_a_store_hook_that_raises_stops_the_start_and_names_the_plugin(install, tmp_path):
    install("store", HEAD + "@hookimpl\ndef pulp_outbox(settings):\n    raise OSError('database is down')\n")
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\n")
    with pytest.raises(PluginError, match=r"store.*pulp_outbox.*database is down"):
        EventBus.open(config)


OBSERVER = (
    HEAD
    + """
from dataclasses import replace
seen = []

@hookimpl
def pulp_before_emit(event):
    {before}

@hookimpl
def pulp_event_emitted(event, listeners):
    seen.append((event.payload, [listener.id for listener in listeners]))
    {emitted}

@hookimpl
def pulp_delivery_attempted(delivery, attempt):
    seen.append((delivery.state, attempt.outcome))
    {attempted}
"""
)


def observe(install, tmp_path, before="return None", emitted="pass", attempted="pass"):
    install("chat", GOOD % "chat")
    install("observer", OBSERVER.format(before=before, emitted=emitted, attempted=attempted))
    with EventBus.open(deliver="inline", data_dir=tmp_path / "data") as bus:
        listener = bus.listeners.create("chat", {}, ["*"])
        event = bus.emit("repo.sync.start", {"a": 1})
        [delivery] = bus.wait(event, 0)
    return listener, event, delivery, sys.modules["planted_observer"].seen


def test_observers_see_each_event_and_each_attempt(install, tmp_path):
    listener, _, _, seen = observe(install, tmp_path)
    assert ({"a": 1}, [listener.id]) in seen and ("delivered", "delivered") in seen


@pytest.mark.parametrize("fault", ["raise ValueError('boom')", "raise SystemExit(1)", "return 5"])
def test_an_observer_that_fails_breaks_nothing(install, tmp_path, fault):
    _, event, delivery, _ = observe(install, tmp_path, fault, fault, fault)
    assert event.payload == {"a": 1} and delivery.state == "delivered"


def test_an_event_may_be_enriched_before_it_is_matched_and_stored(install, tmp_path):
    enrich = "return replace(event, payload={**event.payload, 'host': {3, 1}})"
    _, event, delivery, _ = observe(install, tmp_path, enrich)
    assert event.payload == {"a": 1, "host": [1, 3]} == delivery.event.payload


@pytest.mark.parametrize(
    "change",
    ["payload={'bad': object()}", "payload=5", "event_type='no.such'", "payload={'x': 'y' * 300000}", "id=None",
     "id='used'", "time=None", "time='now'", "time=event.time.replace(tzinfo=None)", "source=5"],
)  # fmt: skip
def test_what_cannot_be_emitted_after_an_enrichment_goes_as_it_was(install, tmp_path, change):
    _, event, delivery, _ = observe(install, tmp_path, f"return replace(event, {change})")
    assert event.payload == {"a": 1} and delivery.state == "delivered"


def test_a_plugin_that_gives_two_events_one_id_loses_neither(install, tmp_path, caplog):
    install("chat", GOOD % "chat")
    before = "return replace(event, id='the-same', payload={'b': 2})"
    install("observer", OBSERVER.format(before=before, emitted="pass", attempted="pass"))
    with EventBus.open(deliver="inline", data_dir=tmp_path / "data") as bus:
        bus.listeners.create("chat", {}, ["*"])
        events = bus.emit_many([("repo.sync.start", {"a": 1}), ("repo.sync.start", {"a": 2})])
        assert [event.payload for event in events] == [{"a": 1}, {"a": 2}]
        assert {one.state for event in events for one in bus.wait(event, 0)} == {"delivered"}
    assert "observer" in caplog.text and "an event keeps its id" in caplog.text


OWN_SECTION = """
from marshmallow import Schema, fields
from pulp_events import hookimpl

class Own(Schema):
    limit = fields.Integer(load_default=7, metadata={"help": "limit"})

@hookimpl
def pulp_settings_sections():
    return {"own": Own}

seen = []

@hookimpl
def pulp_before_emit(settings):
    seen.append(settings.section("own")["limit"])

@hookimpl
def pulp_event_emitted(event, settings):
    seen.append(settings.section("own")["limit"])

@hookimpl
def pulp_delivery_attempted(settings, attempt):
    seen.append((attempt.outcome, settings.section("own")["limit"]))
"""


@pytest.mark.parametrize(("text", "limit"), [("", 7), ("[own]\nlimit = 9\n", 9)])
def test_a_plugin_without_a_notifier_has_its_section_and_its_observers_see_it(install, tmp_path, text, limit):
    install("chat", GOOD % "chat")
    install("own", OWN_SECTION)
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\n{text}")
    with EventBus.open(config, deliver="inline") as bus:
        bus.listeners.create("chat", {}, ["*"])
        bus.emit("repo.sync.start")
    seen = sys.modules["planted_own"].seen
    assert seen.count(limit) == 2 and ("delivered", limit) in seen
    config.write_text("[own]\nlimt = 9\n")
    with pytest.raises(SettingsError, match="limt = '9': unknown key"):
        EventBus.open(config)


WAITING = """
import threading
from marshmallow import Schema
from pulp_events import Notifier, hookimpl

arrived, seen = threading.Event(), []

class Chat(Notifier):
    type_id = "chat"
    config_schema = Schema
    def deliver(self, event, config):
        arrived.set()

@hookimpl
def pulp_notifiers():
    return [Chat()]

@hookimpl
def pulp_event_emitted(event):
    seen.append(arrived.wait(60))
"""


def test_an_observer_of_events_that_takes_long_holds_up_emit_and_no_delivery(install, tmp_path):
    """It waits for the delivery, which would never come if the delivery waited for it."""
    install("waiting", WAITING)
    with EventBus.open(data_dir=tmp_path / "data") as bus:
        bus.listeners.create("chat", {}, ["*"])
        bus.emit("repo.sync.start")
    assert sys.modules["planted_waiting"].seen == [True]


def test_an_observer_that_hangs_delays_no_delivery(install, tmp_path):
    """Attempts are observed in a thread of their own where deliveries are made in the background."""
    install("chat", GOOD % "chat")
    code = OBSERVER.format(before="return None", emitted="pass", attempted="begun.set(); over.wait()")
    install("observer", "import threading\nbegun, over = threading.Event(), threading.Event()\n" + code)
    with EventBus.open(data_dir=tmp_path / "data") as bus:
        bus.listeners.create("chat", {}, ["*"])
        events = [bus.emit("repo.sync.start") for _ in range(20)]
        observer = sys.modules["planted_observer"]
        try:
            assert all(bus.wait(event, 30)[0].state == "delivered" for event in events)
            assert observer.begun.wait(30)
            bus.close(grace=0.2)
        finally:
            observer.over.set()  # its thread ends with the test


CLASS = GOOD.partition("@hookimpl")[0] % "chat"


@pytest.mark.parametrize("named", ["Chat", "chat"])
def test_an_entry_point_may_name_a_notifier_itself(install, tmp_path, named):
    install("chat", CLASS + "\npulp_events_api = '>=1.0,<2'\nchat = Chat()\n")
    name_in_entry_point(tmp_path, "chat", named)
    [plugin] = [plugin for plugin in Plugins.load().all if plugin.name == "chat"]
    assert (plugin.state, plugin.type_ids, list(plugin.hooks)) == ("loaded", ["chat"], ["pulp_notifiers"])
    assert plugin.needs_api == ">=1.0,<2", "what its module states"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (CLASS + "\nChat.pulp_events_api = '>=9'\n", "needs plugin API >=9"),
        (CLASS + "\nclass Chat(Chat):\n    def __init__(self, url): ...\n", "missing 1 required positional argument"),
        (CLASS + "\ndel Chat.deliver\n", "overrides neither deliver() nor open()"),
        ("Other = 1", "has no attribute 'Chat'"),
    ],
)
def test_what_is_wrong_with_such_a_notifier_is_said(install, tmp_path, code, reason):
    install("chat", code)
    name_in_entry_point(tmp_path, "chat", "Chat")
    [plugin] = [plugin for plugin in Plugins.load().all if plugin.name == "chat"]
    assert plugin.state == "failed" and reason in plugin.reason and "chat" not in Plugins.load().notifiers


def name_in_entry_point(folder, name, attribute):
    [file] = (folder / "site").glob(f"planted_{name}-*.dist-info/entry_points.txt")
    file.write_text(f"[pulp_events]\n{name} = planted_{name}:{attribute}\n")
