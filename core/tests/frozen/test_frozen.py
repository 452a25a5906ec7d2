"""The promise of docs/stability.md: what was written against an API version works with every later one of its major."""

import importlib.util
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from pulp_events import API_VERSION, EventBus, hookspecs
from pulp_events.errors import PluginError
from pulp_events.plugins import api
from pulp_events.plugins.loader import Loader
from pulp_events.plugins.registry import Plugins

PLUGINS = sorted(Path(__file__).parent.glob("api_*.py"))


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_is_a_frozen_plugin_for_each_api_version_of_this_major():
    major = API_VERSION.split(".")[0]
    assert [path.stem for path in PLUGINS if path.stem.startswith(f"api_{major}_")]


def test_a_plugin_of_api_1_0_does_all_that_it_did(tmp_path):
    module, plugins = load(Path(__file__).with_name("api_1_0.py")), Plugins()
    plugin = plugins.add("frozen", module)
    assert (plugin.state, plugin.deprecations, plugin.needs_api) == ("loaded", (), ">=1.0,<2")
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\nsource = here\n[frozen]\nhost = frozen.example\n")
    with EventBus.open(config, deliver="inline", plugins=plugins) as bus:
        listener = bus.listeners.create("frozen", {"to": "a,b", "token": "t"}, ["frozen.thawed"])
        bus.listeners.create("frozen-simple", {}, ["repo.sync.start"])
        event = bus.emit("frozen.thawed", {"degrees": 3})
        assert {(one.target, one.state, one.detail) for one in bus.wait(event, 0)} == {
            ("a", "delivered", "to a"), ("b", "delivered", "to b"),
        }  # fmt: skip
        outcomes = []
        for wish in ("timeout", "permanent", "transient"):  # the last one asks for a pause
            failed = bus.emit("frozen.thawed", {"wish": wish})
            outcomes += [bus.deliveries.attempts(one.id)[0].outcome for one in bus.wait(failed, 0)[:1]]
        assert outcomes == ["timeout", "permanent", "transient"]
        bus.emit("repo.sync.start", {"repo_id": "x"}, {"state": "running"})
        assert list(bus.listeners.warnings(listener)) == ["server is frozen.example"]
        notifier = plugins.notifier("frozen")
        assert notifier.probe(bus.settings.section("frozen")) == ["reached frozen.example"]
        [action] = notifier.actions()
        assert action.run(bus.listeners, listener, {}) == f"waved at {listener.id}"
    first, second, simple = module.sent
    assert {first[1], second[1]} == {"a", "b"} and first[2] == second[2] and first[3:] == ("t", "frozen.example")
    assert simple[1:4] == ("repo.sync.start", {"repo_id": "x", "enriched": True}, {"state": "running"})
    assert ("emitted", "frozen.thawed", 1) in module.seen and ("attempted", "delivered", "delivered", 1) in module.seen
    assert ("listener store", "frozen.example") in module.seen and module.seen[-1] == "close"


def test_a_plugin_of_api_1_0_without_a_notifier_does_all_that_it_did(tmp_path, monkeypatch):
    module, plugins = load(Path(__file__).with_name("api_1_0_sections.py")), Plugins()
    plugins.add("frozen", module)
    note = plugins.add("note", module.Note)
    assert (note.type_ids, note.needs_api) == (["frozen-note"], ">=1.0,<2")
    monkeypatch.setenv("FROZEN_TOKEN", "t0ken-of-old")
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\n[frozen_notes]\nprefix = mine\n")
    with EventBus.open(config, deliver="inline", plugins=plugins) as bus:
        bus.listeners.create("frozen-note", {"tokens": [{"$env": "FROZEN_TOKEN"}, "another"]}, ["*"])
        bus.emit("repo.sync.start")
        assert module.dead(bus) == 0
    assert set(module.seen) == {
        ("mine", "before", "repo.sync.start"), ("mine", "emitted", 1), ("mine", "attempted", "not with ********"),
    }  # fmt: skip


def test_what_is_deprecated_is_said_with_the_plugins_name(monkeypatch, caplog):
    class Plugin:
        @hookspecs.hookimpl
        def pulp_notifiers(self):
            warnings.warn(
                "deliver_now() goes with API 2.0; use deliver()", api.PulpEventsDeprecationWarning, stacklevel=2
            )
            return []

    plugin = Loader().load("ancient", Plugin)
    assert plugin.deprecations == ("deliver_now() goes with API 2.0; use deliver()",)
    assert "plugin ancient: deliver_now() goes with API 2.0" in caplog.text


@pytest.mark.parametrize("needs", ["", ">=1", ">=1.0,<2", " >= 1.0 , < 2 ", "==1.*", "~=1.0", "==1.0.0", "!=1.1"])
def test_a_plugin_states_the_range_that_it_needs(needs):
    api.check(needs)


@pytest.mark.parametrize("needs", [">1", "<1", "==1.1", "!=1.0", "~=2.0", ">=1.0,<1.0.0"])
def test_a_plugin_that_needs_another_version_is_refused(needs):
    with pytest.raises(PluginError, match=re.escape(f"needs plugin API {needs}, but this pulp-events has 1.0")):
        api.check(needs)


def test_a_plugin_that_states_no_range_costs_no_import():
    code = "import sys; from pulp_events.plugins import api; api.check(''); print('packaging' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
