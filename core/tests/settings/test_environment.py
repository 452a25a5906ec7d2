"""Settings from environment variables: between the application's mapping and the file, and checked alike."""

import logging
from pathlib import Path

import pytest
from marshmallow import Schema, fields

from pulp_events import EventBus, Plugins, SettingsError
from pulp_events.fields import Words
from pulp_events.settings.environment import variable
from pulp_events.settings.origin import Kind, Origin
from pulp_events.settings.sections import CORE_SECTIONS
from pulp_events.settings.settings import Settings


class Room(Schema):
    """`[chat.rooms-2]`"""

    names = Words(fields.String(), load_default=list)
    token = fields.String(load_default="", metadata={"secret": True})
    per_room = fields.Integer(data_key="per-room", load_default=1)


SECTIONS = {"chat.rooms-2": Room}


@pytest.fixture
def setenv(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PULP_EVENTS_CONFIG", raising=False)
    return lambda key, text: monkeypatch.setenv(f"PULP_EVENTS__{key}", text)


def conf(text):
    Path("server.conf").write_text(text)
    return "server.conf"


def test_each_source_gives_way_to_the_one_above_it(setenv, tmp_path):
    path = conf("[delivery]\nlanes = 2\nconcurrency = 20\njitter = 0.1\n")
    setenv("DELIVERY__LANES", "3")
    setenv("DELIVERY__CONCURRENCY", "30")
    settings = Settings.load(path, SECTIONS, {"delivery": {"lanes": 4}})
    delivery = settings.section("delivery")
    assert (delivery["lanes"], delivery["concurrency"], delivery["jitter"], delivery["lease"]) == (4, 30, 0.1, 60.0)
    told = {key: settings.origin("delivery", key) for key in ("lanes", "concurrency", "jitter", "lease")}
    assert told == {
        "lanes": Origin(Kind.ARGUMENT, "settings['delivery']['lanes']"),
        "concurrency": Origin(Kind.ENVIRONMENT, "PULP_EVENTS__DELIVERY__CONCURRENCY"),
        "jitter": Origin(Kind.FILE, f"{tmp_path / 'server.conf'}:4"),
        "lease": Origin(Kind.DEFAULT),
    }
    assert Settings.load(None, given={"delivery": {"lanes": None}}).section("delivery")["lanes"] == 4  # the default


def test_every_key_of_every_section_has_a_variable_of_its_own():
    names = [
        variable(section, field.data_key or name)
        for section, schema in {**CORE_SECTIONS, **SECTIONS}.items()
        for name, field in schema().fields.items()
    ]
    assert len({*names}) == len(names) and all(name.replace("_", "A").isalnum() for name in names)
    assert "PULP_EVENTS__CHAT_ROOMS_2__PER_ROOM" in names


def test_lists_sections_of_plugins_and_keys_with_signs(setenv):
    setenv("CHAT_ROOMS_2__NAMES", "one, two")
    setenv("CHAT_ROOMS_2__PER_ROOM", "7")
    setenv("DELIVERY__RETRY_SCHEDULE", "1s, 5m")
    settings = Settings.load(None, SECTIONS)
    assert settings.section("chat.rooms-2") == {"names": ["one", "two"], "token": "", "per_room": 7}
    assert settings.section("delivery")["retry_schedule"] == [1.0, 300.0]


def test_paths_begin_at_the_working_directory_and_not_at_the_file_s(setenv, tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/server.conf").write_text("[events]\ndata_dir = of-the-file\n")
    assert Settings.load("etc/server.conf").data_dir == tmp_path / "etc/of-the-file"
    setenv("EVENTS__DATA_DIR", "of-the-environment")
    assert Settings.load("etc/server.conf").data_dir == tmp_path / "of-the-environment"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("DELIVERY__LANE", ["PULP_EVENTS__DELIVERY__LANE: no such setting", "'PULP_EVENTS__DELIVERY__LANES'"]),
        ("DELIVRY__LANES", ["PULP_EVENTS__DELIVRY__LANES: no such setting", "'PULP_EVENTS__DELIVERY__LANES'"]),
        ("LANES", ["PULP_EVENTS__LANES: no such setting", "PULP_EVENTS__SECTION__KEY"]),
        ("CHAT_ROOMS_2__TOKN", ["PULP_EVENTS__CHAT_ROOMS_2__TOKN: no such", "'PULP_EVENTS__CHAT_ROOMS_2__TOKEN'"]),
    ],
)
def test_an_unknown_name_is_one_clear_error_with_the_nearest_and_without_the_value(setenv, name, parts):
    setenv(name, "s3cret-value")
    with pytest.raises(SettingsError) as caught:
        Settings.load(None, SECTIONS)
    assert all(part in str(caught.value) for part in parts)
    assert "s3cret-value" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_section_of_a_plugin_that_is_not_here_is_logged_and_ignored(setenv, caplog):
    setenv("SATELLITE__DISH", "s3cret-value")
    with caplog.at_level(logging.WARNING):
        Settings.load(None, SECTIONS)
    assert "PULP_EVENTS__SATELLITE__DISH: no installed plugin has this section" in caplog.text
    assert "s3cret-value" not in caplog.text


def test_a_bad_value_is_named_by_its_variable_and_a_secret_one_is_not_shown(setenv):
    setenv("DELIVERY__LANES", "many")
    with pytest.raises(SettingsError, match=r"^PULP_EVENTS__DELIVERY__LANES = 'many': Not a valid integer"):
        Settings.load(None)
    setenv("DELIVERY__LANES", "4")

    class Strict(Room):
        token = fields.String(validate=lambda _: (_ for _ in ()).throw(ValueError), metadata={"secret": True})

    setenv("CHAT_ROOMS_2__TOKEN", "s3cret-value")
    with pytest.raises(SettingsError) as caught:
        Settings.load(None, {"chat.rooms-2": Strict})
    assert "PULP_EVENTS__CHAT_ROOMS_2__TOKEN" in str(caught.value) or "broken" in str(caught.value)
    assert "s3cret-value" not in str(caught.value)


def test_a_secret_may_be_a_file_or_another_variable(setenv, monkeypatch, tmp_path):
    (tmp_path / "token").write_text("from the file\n")
    setenv("CHAT_ROOMS_2__TOKEN", "file:token")
    settings = Settings.load(None, SECTIONS)
    assert settings.section("chat.rooms-2")["token"] == "from the file"
    monkeypatch.setenv("OTHER", "from the other")
    setenv("CHAT_ROOMS_2__TOKEN", "env:OTHER")
    assert Settings.load(None, SECTIONS).section("chat.rooms-2")["token"] == "from the other"


def test_a_bus_opened_with_a_mapping_and_one_without_obey_it(setenv, tmp_path):
    setenv("EVENTS__DATA_DIR", str(tmp_path / "data"))
    setenv("EVENTS__SOURCE", "container")
    for given in (None, {"delivery": {"lanes": 1}}):
        with EventBus.open(settings=given, plugins=Plugins(), deliver="external") as bus:
            assert bus.data_dir == tmp_path / "data"
            assert bus.emit("repo.sync.start").source == "container"


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("PULP_EVENTS_DELIVERY_LANES", "PULP_EVENTS__DELIVERY__LANES"),
        ("PULP_EVENTS__DELIVERY_LANES", None),  # which is refused
        ("PULP_EVENTS_DELIVERY__LANES", "PULP_EVENTS__DELIVERY__LANES"),
        ("PULP_EVENTS_DELIVERY_LANE", "PULP_EVENTS__DELIVERY__LANES"),
        ("PULP_EVENTS_DATA_DIR", "PULP_EVENTS__EVENTS__DATA_DIR"),
        ("PULP_EVENTS_CHAT_ROOMS_2_TOKEN", "PULP_EVENTS__CHAT_ROOMS_2__TOKEN"),
    ],
)
def test_a_variable_that_lacks_an_underscore_is_told_of_with_the_right_name(setenv, monkeypatch, caplog, name, right):
    monkeypatch.setenv(name, "3")
    if right is None:
        with pytest.raises(SettingsError, match="did you mean 'PULP_EVENTS__DELIVERY__LANES'|write PULP_EVENTS__"):
            Settings.load(None, SECTIONS)
        return
    settings = Settings.load(None, SECTIONS)
    assert [each.getMessage() for each in caplog.records] == [f"{name}: no such setting; write {right}; it is ignored"]
    assert settings.section("delivery")["lanes"] == Settings.load(None, SECTIONS, {}).section("delivery")["lanes"]


@pytest.mark.parametrize("name", ["CONFIG", "BLOCK", "DATABASE", "DELIVER", "DJANGO", "POSTGRES_MAJORS", "X"])
def test_variables_that_are_no_settings_are_nobodys_business(setenv, monkeypatch, caplog, name):
    monkeypatch.setenv(f"PULP_EVENTS_{name}", "" if name == "CONFIG" else "x")
    Settings.load(conf(""), SECTIONS)
    assert not caplog.records


def test_what_is_peculiar_to_a_file_is_not_looked_for_in_a_variable_and_digits_are(setenv, tmp_path):
    setenv("EVENTS__DATA_DIR", f"{tmp_path}/a # b")
    setenv("EVENTS__SOURCE", "one\n two")
    settings = Settings.load(conf(""), CORE_SECTIONS)
    assert settings.data_dir == tmp_path / "a # b" and settings.section("events")["source"] == "one\n two"
    setenv("DELIVERY__LANES", "\u0663")
    with pytest.raises(SettingsError, match="LANES.* is not written in the digits 0 to 9"):
        Settings.load(conf(""), CORE_SECTIONS)
    with pytest.raises(SettingsError, match="lanes.* is not written in the digits 0 to 9"):
        Settings.load(conf(""), CORE_SECTIONS, {"delivery": {"lanes": "\u0663"}})
