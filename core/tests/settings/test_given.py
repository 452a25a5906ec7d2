"""Settings that an application gives as a mapping: checked as server.conf is, and named as what they are."""

import logging
from pathlib import Path

import pytest

from pulp_events import EventBus, Plugins, SettingsError
from pulp_events.fields import Words
from pulp_events.settings import server_conf
from pulp_events.settings.given import GivenSettings
from pulp_events.settings.settings import Settings


def load(given, path=None, **sections):
    return Settings.load(path, sections, given)


def test_values_are_of_python_s_types_or_text_as_in_the_file():
    settings = load({
        "delivery": {"lanes": 2, "jitter": 0.5, "retry_schedule": [1, 2.5, "1m"], "lease": "2m", "disable_after": 1e6},
        "storage": {"listen": False},
        "events": {"max_backlog": None, "data_dir": Path("/srv/events"), "keep_history": "0s"},
        "untrusted": {"networks": ("public", "10.0.0.0/8")},
    })  # fmt: skip
    delivery = settings.section("delivery")
    assert (delivery["lanes"], delivery["jitter"], delivery["lease"]) == (2, 0.5, 120.0)
    assert (delivery["retry_schedule"], delivery["disable_after"]) == ([1.0, 2.5, 60.0], 1e6)
    assert settings.section("storage")["listen"] is False
    assert settings.section("events")["max_backlog"] is None and settings.data_dir == Path("/srv/events")
    assert settings.section("untrusted")["networks"] == ["public", "10.0.0.0/8"]
    assert settings.is_set("delivery", "lanes") and not settings.is_set("delivery", "concurrency")
    assert not settings.is_set("events", "max_backlog")


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"delivery": {"lanes": 0}}, ["settings['delivery']['lanes'] = '0'", "1"]),
        ({"delivery": {"lanes": True}}, ["settings['delivery']['lanes'] = 'true'", "Not a valid integer"]),
        ({"delivery": {"lanes": 2.5}}, ["settings['delivery']['lanes'] = '2.5'", "Not a valid integer"]),
        ({"delivery": {"lanes": [1]}}, ["settings['delivery']['lanes'] = ['1']", "Not a valid integer"]),
        ({"delivery": {"retry_schedule": [5, "often"]}}, ["settings['delivery']['retry_schedule'] =", "15s, 30m"]),
        ({"delivery": {"lane": 1}}, ["settings['delivery']['lane'] = '1': unknown key", "did you mean 'lanes'"]),
        ({"delivery": {"lanes": {}}}, ["settings['delivery']['lanes'] is of type dict", "give text, a number"]),
        ({"delivery": {"jitter": float("nan")}}, ["settings['delivery']['jitter'] is nan"]),
        ({"delivery": {1: 2}}, ["settings['delivery'] has the key 1"]),
        ({"delivery": 4}, ["settings['delivery'] is of type int", "a mapping of keys"]),
        ({7: {}}, ["settings has the key 7", "sections"]),
        ([("delivery", {})], ["settings is of type list", "mapping of sections"]),
        ({"events": {"source": "env:HOST"}}, ["settings['events']['source'] = 'env:HOST'", "only secrets"]),
    ],
)
def test_a_mistake_is_named_by_its_place_in_the_mapping(given, parts):
    with pytest.raises(SettingsError) as refused:
        load(given)
    message = str(refused.value)
    assert "\n" not in message and "server.conf" not in message
    for part in parts:
        assert part in message


def test_who_must_not_know_of_a_file_is_told_the_name_of_a_key(tmp_path):
    (tmp_path / "server.conf").write_text("[untrusted]\nrate = 1/m\n")
    of_file = Settings.load(tmp_path / "server.conf")
    assert of_file.called("untrusted", "rate") == "[untrusted] rate"
    assert str(tmp_path) in of_file.where("untrusted", "rate")
    given = GivenSettings.of({"untrusted": {"rate": "1/m"}}, "PULP_EVENTS", "settings.py")
    for key in ("rate", "networks"):
        assert load(given).called("untrusted", key) == f"PULP_EVENTS['untrusted']['{key}']"


def test_no_error_and_no_repr_shows_a_secret():
    from marshmallow import Schema, fields, validate

    class Chat(Schema):
        token = fields.String(validate=validate.Length(max=3), metadata={"secret": True})
        tokens = Words(fields.Integer(), metadata={"secret": True})

    for given in ({"token": "s3cret-token"}, {"tokens": [1, "s3cret-token"]}, {"token": b"s3cret-token"}):
        with pytest.raises(SettingsError, match=r"settings\['chat'\]") as refused:
            load({"chat": given}, chat=Chat)
        assert "s3cret" not in str(refused.value)
    assert "s3cret" not in repr(GivenSettings.of({"chat": {"token": "s3cret-token"}}))


def test_a_mapping_alone_is_all_and_beside_a_file_each_of_its_keys_counts(tmp_path, monkeypatch):
    path = tmp_path / "server.conf"
    path.write_text("[delivery]\nlanes = 7\nlease = 90s\njitter = 0\n[database]\nname = pulp\n")
    monkeypatch.setenv(server_conf.ENVIRONMENT_VARIABLE, str(path))
    alone = load({"events": {"source": "host"}})
    assert alone.path is None and alone.section("delivery")["lanes"] == 4

    both = load({"delivery": {"lanes": 2, "lease": None}}, path)
    assert both.path == path
    delivery = both.section("delivery")
    assert (delivery["lanes"], delivery["lease"], delivery["jitter"]) == (2, 60.0, 0.0)
    path.write_text("[delivery]\nlanes = 7\njitter = 9\n")
    with pytest.raises(SettingsError, match=r"server\.conf, section \[delivery\], key jitter = '9'"):
        load({"delivery": {"lanes": 2}}, path)


def test_a_relative_path_begins_where_the_process_was_and_in_a_file_at_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    conf = tmp_path / "etc" / "server.conf"
    conf.parent.mkdir()
    conf.write_text("[events]\ndata_dir = data\noutbox = own.sqlite\n")
    assert load({"events": {"data_dir": "data"}}).data_dir == tmp_path / "data"
    assert load({"events": {"data_dir": "data"}}, conf).data_dir == tmp_path / "data"
    found = load({"delivery": {"lanes": 1}}, conf)
    assert found.data_dir == conf.parent / "data"
    monkeypatch.chdir("/")
    copy = GivenSettings.load(GivenSettings.of(load({"events": {"data_dir": "x"}}).given).dump())
    assert copy.base == Path("/") and copy["events"] == {"data_dir": "x"}


def test_secrets_may_be_references_there_too(monkeypatch, tmp_path):
    from marshmallow import Schema, fields

    class Chat(Schema):
        token = fields.String(metadata={"secret": True})

    monkeypatch.chdir(tmp_path)
    (tmp_path / "token").write_text("from-file\n")
    assert load({"chat": {"token": "file:token"}}, chat=Chat).section("chat")["token"] == "from-file"
    with pytest.raises(SettingsError, match=r"settings\['chat'\]\['token'\].*NO_SUCH_VARIABLE"):
        load({"chat": {"token": "env:NO_SUCH_VARIABLE"}}, chat=Chat).section("chat")


def test_a_section_that_nobody_has_is_told_and_stops_nobody(caplog):
    with caplog.at_level(logging.WARNING):
        load({"delivry": {"lanes": 1}})
    assert "settings['delivry']: no such section; did you mean 'delivery'?" in caplog.text


def test_a_bus_opens_with_a_mapping_and_with_a_wrong_one_does_not(tmp_path):
    settings = {"events": {"data_dir": tmp_path / "data", "source": "host", "keep": "all"}}
    with EventBus.open(settings=settings, plugins=Plugins(), deliver="external") as bus:
        event = bus.emit("repo.sync.start", {"repo_id": "a"})
        assert event.source == "host" and bus.events.get(event.id).event == event
    assert (tmp_path / "data" / "outbox.sqlite").exists()
    with pytest.raises(SettingsError, match=r"settings\['events'\]\['outbox'\] = .*it is a folder"):
        bad = {"events": {"data_dir": tmp_path / "data", "outbox": tmp_path}}
        with EventBus.open(settings=bad, plugins=Plugins(), deliver="external") as bus:
            bus.outbox  # noqa: B018
    with pytest.raises(SettingsError, match=r"settings\['storage'\]\['url'\]: no installed plugin"):
        EventBus.open(settings={"storage": {"url": "mysql://x"}, **settings}, plugins=Plugins())
