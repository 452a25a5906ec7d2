"""Settings that a plugin offers: those of the application that the machine runs, for `pulp-admin`."""

import json

import pytest

from pulp_events.errors import SettingsError
from pulp_events.hookspecs import hookimpl
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.given import GivenSettings, Surroundings
from pulp_events_cli.global_options import GlobalOptions
from pulp_events_cli.offered_settings import offered
from pulp_events_cli.session import Session


class Offering:
    """A plugin."""

    def __init__(self, settings):
        self._settings = settings

    @hookimpl
    def pulp_settings(self):
        if isinstance(self._settings, Exception):
            raise self._settings
        return self._settings


def session(*plugins, config=None):
    options = GlobalOptions()
    options.config = config
    found = Session(options)
    found.__dict__["plugins"] = Plugins()
    for number, plugin in enumerate(plugins):
        found.plugins.add(f"p{number}", plugin)
    return found


@pytest.fixture(autouse=True)
def no_file_is_named(monkeypatch):
    monkeypatch.delenv("PULP_EVENTS_CONFIG", raising=False)


def test_what_a_plugin_offers_holds_where_no_file_is_named(tmp_path, monkeypatch):
    plugin = Offering(GivenSettings.of({"delivery": {"lanes": 7}}, "MY_EVENTS", "MY_EVENTS in app.py"))
    assert session(plugin).settings().section("delivery")["lanes"] == 7
    conf = tmp_path / "server.conf"
    conf.write_text("[delivery]\nlanes = 2\n")
    assert session(plugin, config=str(conf)).settings().section("delivery")["lanes"] == 2
    monkeypatch.setenv("PULP_EVENTS_CONFIG", str(conf))
    assert session(plugin).settings().section("delivery")["lanes"] == 2


def test_mistakes_are_named_as_their_author_calls_them():
    given = {"delivery": {"lanes": 0}, "storage": {"pool_size": 0}}
    plugin = Offering(GivenSettings.of(given, "MY_EVENTS", places={("storage", "pool_size"): "DATABASES"}))
    with pytest.raises(SettingsError, match=r"^MY_EVENTS\['delivery'\]\['lanes'\] = "):
        session(plugin).settings()
    with pytest.raises(SettingsError, match=r"^DATABASES = "):
        session(
            Offering(
                GivenSettings.of({"storage": {"pool_size": 0}}, "M", places={("storage", "pool_size"): "DATABASES"})
            )
        ).settings()
    with pytest.raises(SettingsError, match=r"^settings of the plugin p0\['delivery'\]\['lanes'\] = "):
        session(Offering({"delivery": {"lanes": 0}})).settings()
    found = [each.text for each in _checked(session(plugin)) if each.state == "problem"]
    assert len([each for each in found if each.startswith(("MY_EVENTS", "DATABASES"))]) == 2


def _checked(session):
    from pulp_events_cli.health.check import check

    return list(check(session))


def test_none_is_chosen_where_two_offer_settings_and_none_where_the_one_fails():
    with pytest.raises(SettingsError, match="p0, p1; name a server.conf with --config"):
        session(Offering({}), Offering({})).settings()
    assert session(Offering(None), Offering({"delivery": {"lanes": 3}})).settings().section("delivery")["lanes"] == 3
    assert offered(session(Offering(None)).plugins) is None
    with pytest.raises(SettingsError, match="key is missing"):
        session(Offering(SettingsError("key is missing"))).settings()


def test_they_are_called_the_same_in_other_processes():
    given = GivenSettings.of(
        {"delivery": {"lanes": 2}}, "MY", "app.py", {("delivery", "lanes"): "LANES"}, Surroundings()
    )
    again = GivenSettings.load(given.dump())
    assert (again.name, again.origin, again.place("delivery", "lanes"), again.place("x")) == (
        "MY",
        "app.py",
        "LANES",
        "MY['x']",
    )
    assert json.loads(given.dump())["sections"] == {"delivery": {"lanes": "2"}}
