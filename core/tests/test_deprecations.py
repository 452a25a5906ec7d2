"""What goes with a later release works until then, and a warning says since when, until when, and what to use."""

import logging
import sys
import threading
import types
import warnings

import pytest
from marshmallow import Schema, fields

from pulp_events import Plugins, SettingsError
from pulp_events.deprecations import (
    Deprecated,
    PulpEventsDeprecationWarning,
    deprecated_argument,
    deprecated_names,
)
from pulp_events.settings.settings import Settings

OLD = Deprecated("Old", since="1.1", removed_in="1.2", instead="New")
TEXT = "Old is deprecated since 1.1 and will be removed in 1.2; use New"


@pytest.mark.parametrize(("since", "removed_in"), [("1.1", "1.1"), ("1.1", "1.1.3"), ("1.1.2", "1.0"), ("2.0", "1.9")])
def test_there_is_a_minor_release_that_warns(since, removed_in):
    with pytest.raises(ValueError, match=f"Old: deprecated since {since} and removed in {removed_in}, .*a later one"):
        Deprecated("Old", since, removed_in, "New")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("what", ""),
        ("since", "one"),
        ("since", "1.x"),
        ("since", 1.1),
        ("removed_in", "next"),
        ("removed_in", ""),
        ("instead", ""),
        ("instead", " "),
        ("instead", None),
    ],
)
def test_what_is_wrong_with_a_field_is_said_by_its_name(field, value):
    right = {"what": "Old", "since": "1.1", "removed_in": "2.0", "instead": "New"}
    with pytest.raises(ValueError, match=rf"^Deprecated\(.*\): {field} must be a .*, not {value!r}$"):
        Deprecated(**right | {field: value})


def own(name):
    if name == "late":
        return 7
    raise AttributeError(name)


@pytest.fixture
def module(monkeypatch):
    """A module with a name that goes, and a `__getattr__` of its own for another one."""
    made = types.ModuleType("ours")
    made.__getattr__ = deprecated_names("ours", {"Old": ("pulp_events", "Event", OLD)}, own)
    monkeypatch.setitem(sys.modules, "ours", made)
    return made


def test_a_name_that_goes_leads_to_what_it_was_and_warns_at_the_line_that_uses_it(module):
    from pulp_events import Event

    with pytest.warns(PulpEventsDeprecationWarning) as caught:
        assert module.Old is Event
    assert [(str(each.message), each.filename) for each in caught] == [(TEXT, __file__)]
    with pytest.warns(PulpEventsDeprecationWarning, match=TEXT):
        from ours import Old  # noqa: F401
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert module.late == 7


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'ours' has no attribute 'other'"):
        deprecated_names("ours", {})("other")


@deprecated_argument("old", OLD, new="new")
def take(*, new=1):
    return new


@deprecated_argument("dropped", OLD)
def leave(**given):
    return given


def test_an_argument_that_goes_is_still_taken():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert take(new=3) == 3
    with pytest.warns(PulpEventsDeprecationWarning, match=TEXT) as caught:
        assert take(old=2) == 2
    assert caught[0].filename == __file__
    with pytest.warns(PulpEventsDeprecationWarning), pytest.raises(TypeError, match="old and new.*; give new"):
        take(old=2, new=3)
    with pytest.warns(PulpEventsDeprecationWarning):
        assert leave(dropped=1, other=2) == {"other": 2}


class Mail(Schema):
    relay = fields.String(load_default="localhost")
    secret = fields.String(metadata={"secret": True})
    host = fields.String(metadata={"deprecated": OLD, "renamed_to": "relay"})
    password = fields.String(metadata={"secret": True, "deprecated": OLD, "renamed_to": "secret"})
    tries = fields.Integer(metadata={"deprecated": OLD})


@pytest.fixture
def load(tmp_path, caplog):
    def load_it(text):
        caplog.clear()
        path = tmp_path / "server.conf"
        path.write_text(f"[mail]\n{text}\n")
        section = Settings.load(path, {"mail": Mail}).section("mail")
        own = [each for each in caplog.records if each.thread == threading.get_ident()]
        return section, [each.getMessage() for each in own]

    return load_it


def test_a_setting_that_goes_is_still_read(load, tmp_path, monkeypatch):
    monkeypatch.setenv("HUSH", "hush")
    assert load("relay = here") == ({"relay": "here"}, [])
    place = f"{tmp_path}/server.conf, section [mail], key"
    assert load("host = there") == ({"relay": "there"}, [f"{place} host: {TEXT}"])
    assert load("host = there\nrelay = here")[0] == {"relay": "here"}
    assert load("password = env:HUSH") == ({"relay": "localhost", "secret": "hush"}, [f"{place} password: {TEXT}"])
    assert load("tries = 3") == ({"relay": "localhost"}, [f"{place} tries: {TEXT}"])


def test_a_bad_value_of_it_is_an_error_that_names_the_key_as_it_was_written(load):
    with pytest.raises(SettingsError, match="key tries = 'x': Not a valid integer"):
        load("tries = x")


def test_a_plugin_that_uses_what_goes_is_named(caplog, tmp_path, monkeypatch, module):
    folder = tmp_path / "old_plugin-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: old-plugin\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[pulp_events]\nold = old_plugin\n")
    (tmp_path / "old_plugin.py").write_text("from ours import Old\n")
    monkeypatch.syspath_prepend(tmp_path)
    with caplog.at_level(logging.WARNING):
        plugins = Plugins.load()
    [plugin] = [each for each in plugins.all if each.name == "old"]
    assert list(plugin.deprecations) == [TEXT] * len(plugin.deprecations) and plugin.deprecations
    assert f"plugin old: {TEXT}" in caplog.text
