"""More ways in which a plugin can be wrong, each met with a reason that its author can act on."""

import subprocess
import sys

import pytest

import pulp_events
from pulp_events import EventBus, PluginError
from pulp_events.plugins.registry import Plugins

HEAD = "from marshmallow import Schema, fields\nfrom pulp_events import Channel, EventType, Notifier, hookimpl\n"
NOTIFIER = (
    HEAD
    + """
class Config(Schema):
    room = fields.String(metadata={"help": "room"})

class Chat(Notifier):
    type_id = "chat"
    config_schema = Config
    def deliver(self, event, config):
        pass
"""
)
HOOK = "\n@hookimpl\ndef pulp_notifiers():\n    "
FAULTS = {
    "a class in place of an object": (NOTIFIER + HOOK + "return [Chat]", "must return Notifier objects"),
    "no list": (NOTIFIER + HOOK + "return Chat()", "it must return a list"),
    "a text": (NOTIFIER + HOOK + "return 'chat'", "it must return a list"),
    "a hook wrapper": (
        NOTIFIER + "\n@hookimpl(wrapper=True)\ndef pulp_notifiers():\n    return (yield)", "is a hook wrapper"),
    "an old hook wrapper": (
        NOTIFIER + "\n@hookimpl(hookwrapper=True)\ndef pulp_notifiers():\n    yield", "is a hook wrapper"),
    "one mark forgotten of two": (
        NOTIFIER + HOOK + "return [Chat()]\n\ndef pulp_event_types():\n    return []",
        "pulp_event_types is not marked"),
    "an exception of the worst kind": ("class Odd(BaseException): pass\nraise Odd('out')", "Odd: out"),
    "an exception without a text": ("raise ValueError", "ValueError:"),
    "an exit in a hook": (NOTIFIER + HOOK + "raise SystemExit(4)", "SystemExit: 4"),
    "no type id": (NOTIFIER + "\ndel Chat.type_id" + HOOK + "return [Chat()]", "Chat.type_id is None"),
    "no schema": (NOTIFIER + "\ndel Chat.config_schema" + HOOK + "return [Chat()]", "Chat.config_schema is None"),
    "a schema object": (
        NOTIFIER + "\nChat.config_schema = Config()" + HOOK + "return [Chat()]", "must be a marshmallow Schema class"),
    "a schema that cannot be made": (
        NOTIFIER + "\nclass Bad(Config):\n    def __init__(self, **k): raise KeyError('no')\nChat.config_schema = Bad"
        + HOOK + "return [Chat()]", "KeyError: 'no'"),
    "an option that is none": (
        NOTIFIER + "\nclass Bad(Schema):\n    x = fields.String(data_key='Room Name')\nChat.config_schema = Bad"
        + HOOK + "return [Chat()]", "'Room Name'"),
    "an option that dict has": (
        NOTIFIER + "\nclass Bad(Config):\n    keys = fields.String()\nChat.config_schema = Bad"
        + HOOK + "return [Chat()]",
        "'keys', which is a method of dict"),
    "settings without a section": (
        NOTIFIER + "\nChat.settings_schema = Config" + HOOK + "return [Chat()]", "or neither"),
    "a section that is core's": (
        NOTIFIER + "\nChat.settings_schema = Config\nChat.settings_section = 'delivery'" + HOOK + "return [Chat()]",
        "which belongs to core"),
    "a section that is no text": (
        NOTIFIER + "\nChat.settings_schema = Config\nChat.settings_section = 5" + HOOK + "return [Chat()]",
        "name a section"),
    "sections that are no dict": (
        HEAD + "@hookimpl\ndef pulp_settings_sections():\n    return ['own']", "it must return a dict of schemas"),
    "a section of core's by the hook": (
        HEAD + "@hookimpl\ndef pulp_settings_sections():\n    return {'events': Schema}", "which belongs to core"),
    "a section without a schema": (
        HEAD + "@hookimpl\ndef pulp_settings_sections():\n    return {'own': dict}", "a marshmallow Schema class"),
    "a section that is taken": (
        NOTIFIER + "\nChat.settings_schema = Config\nChat.settings_section = 'own'" + HOOK + "return [Chat()]\n\n"
        "@hookimpl\ndef pulp_settings_sections():\n    return {'own': Schema}", "by another schema"),
    "files that are no dict": (
        HEAD + "@hookimpl\ndef pulp_data_files():\n    return ['own.json']", "a dict of names and what they hold"),
    "a file elsewhere": (
        HEAD + "@hookimpl\ndef pulp_data_files():\n    return {'../own.json': 'x'}", "a file of the plugin's own"),
    "a file of core's": (
        HEAD + "@hookimpl\ndef pulp_data_files():\n    return {'listeners.json': 'x'}", "a file of the plugin's own"),
    "a type twice": (NOTIFIER + HOOK + "return [Chat(), Chat()]", "'chat' is already taken"),
}  # fmt: skip


def states(plugins):
    return {plugin.name: plugin for plugin in plugins.all}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_and_hurts_nobody_else(install, fault, caplog):
    code, reason = FAULTS[fault]
    install("broken", code)
    install("sound", NOTIFIER.replace('"chat"', '"sound"') + HOOK + "return [Chat()]")
    plugins = Plugins.load()
    found = states(plugins)
    assert (found["broken"].state, found["sound"].state) == ("failed", "loaded")
    assert reason in found["broken"].reason and "\n" not in found["broken"].reason
    assert "chat" not in plugins.notifiers and {"sound", "http"} <= set(plugins.notifiers)
    lines = [record for record in caplog.records if "broken" in record.getMessage() and record.levelname == "WARNING"]
    assert len(lines) == 1, "said once"


@pytest.mark.parametrize("type_id", ["list", "show", "create", "update", "delete", "enable", "disable", "test", "help"])
def test_a_type_cannot_have_the_name_of_a_command(install, type_id):
    install("reserved", NOTIFIER.replace('"chat"', f'"{type_id}"') + HOOK + "return [Chat()]")
    assert "a command of the CLI" in states(Plugins.load())["reserved"].reason


def test_two_packages_with_one_entry_point_name_are_said_to_have_it(install, tmp_path):
    install("chat", NOTIFIER + HOOK + "return [Chat()]")
    info = tmp_path / "site" / "other-2.0.dist-info"
    info.mkdir()
    (tmp_path / "site" / "planted_z_other.py").write_text(NOTIFIER.replace('"chat"', '"z"') + HOOK + "return [Chat()]")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text("[pulp_events]\nchat = planted_z_other\n")
    first, second = [plugin for plugin in Plugins.load().all if plugin.name == "chat"]
    assert (first.state, first.type_ids, first.distribution) == ("loaded", ["chat"], "planted-chat")
    assert second.state == "failed" and "already has the name chat" in second.reason


def test_two_entry_points_of_one_module_are_one_plugin(install, tmp_path):
    install("chat", NOTIFIER + HOOK + "return [Chat()]")
    [info] = (tmp_path / "site").glob("*.dist-info")
    (info / "entry_points.txt").write_text("[pulp_events]\nchat = planted_chat\nchat2 = planted_chat\n")
    found = states(Plugins.load())
    assert found["chat"].state == "loaded"
    assert "registered the same module" in found["chat2"].reason


@pytest.mark.parametrize("metadata", [b"", b"\xff\xfe\x00", None])
def test_metadata_that_cannot_be_read_end_no_list_of_plugins(install, tmp_path, metadata):
    install("chat", NOTIFIER + HOOK + "return [Chat()]")
    [file] = (tmp_path / "site").glob("*.dist-info/METADATA")
    file.unlink() if metadata is None else file.write_bytes(metadata)
    plugin = states(Plugins.load())["chat"]
    assert plugin.state == "loaded" and isinstance(plugin.distribution, str) and isinstance(plugin.version, str)


def open_stores(folder):
    config = folder / "server.conf"
    config.write_text(f"[events]\ndata_dir = {folder / 'data'}\n")
    with EventBus.open(config, deliver="inline") as bus:
        bus.listeners.list()
        bus.outbox  # noqa: B018  # opened when first needed


@pytest.mark.parametrize(
    ("raised", "shown"),
    [
        ("OSError('no route to db')", "no route to db"),
        ("SystemExit(2)", "2"),
        ("OSError", "OSError"),
        ("OSError('cannot reach\\n  postgresql://u:hunter2@h/db')", "cannot reach postgresql://u:"),
    ],
)
@pytest.mark.parametrize("hook", ["pulp_outbox", "pulp_listener_store"])
def test_a_store_hook_that_fails_stops_the_start_in_one_line_without_a_password(install, tmp_path, hook, raised, shown):
    install("store", HEAD + f"@hookimpl\ndef {hook}(settings):\n    raise {raised}\n")
    with pytest.raises(PluginError) as refused:
        open_stores(tmp_path)
    message = str(refused.value)
    assert message.startswith(f"plugin store, {hook}: ") and shown in message
    assert "\n" not in message and "hunter2" not in message
    assert not list(tmp_path.glob("data/outbox*")), "nothing went to a home that nobody chose"


@pytest.mark.parametrize("error", ["StoreError", "StoreTooNew", "SettingsError"])
@pytest.mark.parametrize("hook", ["pulp_outbox", "pulp_listener_store"])
def test_an_error_of_a_store_stays_what_it_is(install, tmp_path, hook, error):
    code = (
        f"import pulp_events\n@hookimpl\ndef {hook}(settings):\n    raise pulp_events.{error}('the disk is on fire')\n"
    )
    install("store", HEAD + code)
    with pytest.raises(getattr(pulp_events, error), match="^the disk is on fire$"):
        open_stores(tmp_path)


@pytest.mark.parametrize(
    ("returned", "shown"),
    [("5", "type int without version, all"), ("Half()", "type Half without "), ("Half", "type type without ")],
)
@pytest.mark.parametrize("hook", ["pulp_outbox", "pulp_listener_store"])
def test_what_is_no_store_is_refused_with_what_it_lacks(install, tmp_path, hook, returned, shown):
    code = f"class Half:\n    def add(self, x): ...\n\n@hookimpl\ndef {hook}(settings):\n    return {returned}\n"
    install("store", HEAD + code)
    with pytest.raises(PluginError) as refused:
        open_stores(tmp_path)
    shown = shown.replace("version, all", "add, ready") if hook == "pulp_outbox" else shown
    message = str(refused.value)
    assert message.startswith(f"plugin store, {hook}: it returned an object of {shown}") and "close" in message
    assert ("add, " in message) == (returned != "Half()")
    assert message.endswith(
        "implements pulp_events." + ("outbox.store.Outbox" if "out" in hook else "listeners.store.ListenerStore")
    )


def test_an_observer_cannot_take_the_listeners_from_the_next(install, tmp_path):
    code = "seen = []\n@hookimpl\ndef pulp_event_emitted(event, listeners):\n    "
    install("a_greedy", HEAD + code + "listeners.clear()")
    install("b_patient", HEAD + code + "seen.append(len(listeners))")
    install("chat", NOTIFIER + HOOK + "return [Chat()]")
    with EventBus.open(deliver="inline", data_dir=tmp_path / "data") as bus:
        bus.listeners.create("chat", {}, ["*"])
        bus.emit("repo.sync.start")
    assert sys.modules["planted_b_patient"].seen == [1]


def test_plugins_enrich_one_after_the_other_in_the_order_of_their_names(install, tmp_path):
    for name in ("b_two", "a_one", "c_three"):
        code = "from dataclasses import replace\n@hookimpl\ndef pulp_before_emit(event):\n    "
        install(name, HEAD + code + f"return replace(event, payload={{'by': [*event.payload['by'], '{name}']}})")
    with EventBus.open(deliver="inline", data_dir=tmp_path / "data") as bus:
        assert bus.emit("repo.sync.start", {"by": []}).payload == {"by": ["a_one", "b_two", "c_three"]}


def test_a_plugin_that_replaces_the_event_is_seen_by_the_listeners_of_the_new_type(install, tmp_path):
    code = "from dataclasses import replace\n@hookimpl\ndef pulp_before_emit(event):\n    "
    install("turn", HEAD + code + "return replace(event, event_type='repo.publish.start')")
    install("chat", NOTIFIER + HOOK + "return [Chat()]")
    with EventBus.open(deliver="inline", data_dir=tmp_path / "data") as bus:
        bus.listeners.create("chat", {}, ["repo.sync.start"])
        publish = bus.listeners.create("chat", {}, ["repo.publish.start"])
        event = bus.emit("repo.sync.start")
        assert [delivery.listener_id for delivery in bus.wait(event, 0)] == [publish.id]


def test_a_plugin_given_by_the_application_must_be_sound():
    plugins = Plugins()
    with pytest.raises(PluginError, match=r"plugin mine: .*must return a list"):
        plugins.add("mine", type("Mine", (), {"pulp_notifiers": _marked(lambda self: 5)})())
    assert [plugin.state for plugin in plugins.all] == ["failed"] and not plugins.notifiers


def _marked(function):
    from pulp_events import hookimpl

    function.__name__ = "pulp_notifiers"
    return hookimpl(function)


def test_ctrl_c_while_plugins_load_is_the_users(install):
    install("slow", "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)")
    with pytest.raises(KeyboardInterrupt):
        Plugins.load()


def test_a_plugin_that_ends_its_process_at_import_is_survived_by_a_real_program(install, tmp_path):
    install("quits", "import sys; sys.exit(3)")
    code = "from pulp_events.plugins.registry import Plugins; print(sorted(Plugins.load().notifiers))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(tmp_path / "site")}, capture_output=True, text=True
    )
    assert done.returncode == 0 and "http" in done.stdout
    assert "Traceback" not in done.stderr and "plugin quits is left out: SystemExit: 3" in done.stderr
