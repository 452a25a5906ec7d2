"""Which plugin keeps listeners and deliveries is said by `[storage]`, and never by the alphabet."""

import pytest

from pulp_events import EventBus, PluginError, Plugins, SettingsError, hookimpl
from pulp_events.bus.stores import open_outbox
from pulp_events.listeners.tinydb_store import TinyDBListenerStore
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.system.clock import SystemClock


class Keeper:
    """A plugin that offers both stores, in a folder of its own; `offers`: False as with settings that are not its."""

    def __init__(self, folder, offers=True):
        self.folder = folder
        self.offers = offers
        self.asked = []
        self.open = []

    def _keep(self, what, made):
        close = made.close
        self.open.append(what)

        def closed():
            self.open.remove(what)
            close()

        made.close = closed
        return made

    @hookimpl
    def pulp_listener_store(self, settings):
        self.asked.append("listeners")
        return self._keep("listeners", TinyDBListenerStore(self.folder, 0.0)) if self.offers else None

    @hookimpl
    def pulp_outbox(self, settings):
        self.asked.append("outbox")
        if not self.offers:
            return None
        return self._keep("outbox", SQLiteOutbox(self.folder / "kept.sqlite", SystemClock(), True))


class Raising:
    @hookimpl
    def pulp_listener_store(self, settings):
        raise OSError("database is down")


@pytest.fixture
def keepers(tmp_path):
    made = {}
    for name in ("aaa", "pulp"):
        (tmp_path / name).mkdir()
        made[name] = Keeper(tmp_path / name)
    return made


@pytest.fixture
def start(tmp_path):
    def start_it(plugins, **storage):
        loaded = Plugins()
        for name, plugin in plugins.items():
            loaded.add(name, plugin)
        settings = {"events": {"data_dir": tmp_path / "data"}, "storage": storage}
        return EventBus.open(settings=settings, plugins=loaded, deliver="external")

    return start_it


def test_two_that_offer_are_an_error_that_names_them_and_the_setting_and_leaves_nothing_open(keepers, start):
    with pytest.raises(SettingsError) as refused:
        start(keepers)
    for part in ("settings['storage']['listeners']", "aaa, pulp", "listeners = aaa or listeners = pulp"):
        assert part in str(refused.value)
    with start(keepers, listeners="pulp") as bus, pytest.raises(SettingsError, match=r"\['outbox'\] is not set"):
        bus.outbox  # noqa: B018
    assert [keeper.open for keeper in keepers.values()] == [[], []]


def test_the_one_that_is_named_is_asked_and_no_other(keepers, start):
    with start({**keepers, "broken": Raising()}, listeners="pulp", outbox="aaa") as bus:
        bus.listeners.create  # noqa: B018
        assert bus.emit("repo.sync.start") and bus.outbox is not None
        assert (keepers["pulp"].open, keepers["aaa"].open) == (["listeners"], ["outbox"])
    assert (keepers["pulp"].asked, keepers["aaa"].asked) == (["listeners"], ["outbox"])
    assert keepers["pulp"].open == keepers["aaa"].open == []


def test_the_only_one_that_offers_is_used_and_files_where_nobody_does_or_they_are_named(keepers, start, tmp_path):
    keepers["aaa"].offers = False
    with start(keepers) as bus:
        assert bus._store is not None and keepers["pulp"].open == ["listeners"]
    keepers["pulp"].offers = False
    with start(keepers) as bus:
        assert bus.outbox is not None
    assert (tmp_path / "data" / "outbox.sqlite").exists()
    keepers["aaa"].offers = keepers["pulp"].offers = True
    with start(keepers, listeners="files", outbox="files", url="postgresql://db/pulp") as bus:
        assert bus.outbox is not None
    assert keepers["aaa"].open == keepers["pulp"].open == []


@pytest.mark.parametrize(
    ("chosen", "parts"),
    [
        ("plup", ["'plup': no such plugin is installed; did you mean 'pulp'?", "aaa, pulp, shy, files"]),
        ("shy", ["'shy': this plugin offers no store with these settings"]),
        ("none", ["'none': this plugin has no such store", "aaa, pulp, shy, files"]),
        ("failed", ["'failed': this plugin cannot be used:", "boom"]),
    ],
)
def test_a_choice_that_cannot_be_is_explained(keepers, start, tmp_path, chosen, parts):
    class Broken:
        @hookimpl
        def pulp_notifiers(self):
            raise KeyError("boom")

    plugins = {**keepers, "shy": Keeper(tmp_path, offers=False), "none": type("Nothing", (), {})()}
    if chosen == "failed":
        loaded = Plugins()
        with pytest.raises(PluginError):
            loaded.add("failed", Broken())
        settings = {"events": {"data_dir": tmp_path / "data"}, "storage": {"listeners": chosen}}
        with pytest.raises(SettingsError) as refused:
            EventBus.open(settings=settings, plugins=loaded, deliver="external")
    else:
        with pytest.raises(SettingsError) as refused:
            start(plugins, listeners=chosen)
    for part in ("settings['storage']['listeners'] = ", *parts):
        assert part in str(refused.value)


def test_what_was_offered_before_another_raised_is_closed(keepers, start):
    with pytest.raises(PluginError, match="database is down"):
        start({"aaa": keepers["aaa"], "broken": Raising()})
    assert keepers["aaa"].open == []


def test_an_outbox_that_no_plugin_offers_for_a_url_is_refused_as_before(start, tmp_path):
    with (
        start({}, url="postgresql://db/pulp", listeners="files") as bus,
        pytest.raises(SettingsError, match=r"settings\['storage'\]\['url'\]: no installed plugin"),
    ):
        open_outbox(bus.settings, bus.plugins, tmp_path, SystemClock())
