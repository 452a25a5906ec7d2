"""Which listeners read a field: filters and templates of any notifier, wherever they stand."""

import os

import pytest
from marshmallow import Schema, fields

from pulp_events import Notifier
from pulp_events.impact.readings import readings
from pulp_events.impact.uses import field_named


class Part(Schema):
    text = fields.String()
    token = fields.String(metadata={"secret": True})


class Config(Schema):
    body = fields.String(metadata={"help": "text", "template": "text"})
    pages = fields.String(metadata={"help": "folder", "template": "files"})
    plain = fields.String(metadata={"help": "text"})
    token = fields.String(metadata={"help": "secret", "secret": True})
    secret_body = fields.String(metadata={"help": "secret", "secret": True, "template": "text"})
    lines = fields.List(fields.String(), metadata={"help": "texts"})
    part = fields.Nested(Part, metadata={"help": "a part"})
    secret_parts = fields.List(fields.Nested(Part), metadata={"help": "parts"})
    names = fields.Dict(metadata={"help": "texts by name"})


class ThirdParty(Notifier):
    type_id = "third"
    config_schema = Config

    def deliver(self, event, config):
        """Nothing."""


@pytest.fixture
def bus(recording_bus):
    bus = recording_bus(deliver="external")
    bus.plugins.add("third", ThirdParty())
    return bus


def found(bus, event_type="repo.sync.finish"):
    return [(each.where, list(each.fields)) for each in readings(bus.listeners.list(), event_type, bus.plugins)]


def test_a_listener_is_named_for_its_filter_and_each_of_its_templates(bus):
    both = bus.listeners.create("third", {"body": "{{ payload.repo_id }}"}, ["*"], filter="payload.result == 'failed'")
    bus.listeners.create("third", {"body": "{{ payload.repo_id }}"}, ["repo.publish.*"])
    bus.listeners.create("third", {}, ["*"])
    found = list(readings(bus.listeners.list(), "repo.sync.finish", bus.plugins))
    assert [(each.listener.id, each.where, each.fields) for each in found] == [
        (both.id, "filter", ("payload.result",)),
        (both.id, "body", ("payload.repo_id",)),
    ]
    assert [each.of(field_named("result")) for each in found] == ["yes", "no"]


def test_disabled_and_muted_listeners_are_named_too(bus):
    one = bus.listeners.create("third", {}, ["*"], filter="payload.a")
    bus.listeners.disable(one.id)
    two = bus.listeners.create("third", {}, ["repo.#"], filter="payload.b")
    bus.listeners.mute(two.id, 60)
    assert found(bus) == [("filter", ["payload.a"]), ("filter", ["payload.b"])]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"body": "no template at all"}, []),
        ({"plain": "unmarked {{ payload.a }}"}, [("plain", ["payload.a"])]),
        ({"plain": "{% if payload.a %}x{% endif %}"}, [("plain", ["payload.a"])]),
        ({"lines": ["x", "{{ payload.a }}"]}, [("lines[1]", ["payload.a"])]),
        ({"part": {"text": "{{ payload.a }}", "token": "{{ payload.b }}"}}, [("part.text", ["payload.a"])]),
        ({"names": {"x": {"y": ["{{ payload.a }}"]}}}, [("names.x.y[0]", ["payload.a"])]),
        ({"token": "{{ payload.a }}"}, []),
        ({"secret_body": "{{ payload.a }}"}, [("secret_body", ["payload.a"])]),
        ({"secret_parts": [{"text": "{{ payload.a }}", "token": "{{ payload.b }}"}]}, []),
        ({"secret_body": {"$env": "BODY"}}, [("secret_body", ["any field"])]),
        ({"body": "{{ payload."}, [("body", ["any field"])]),
        ({"body": "{{" + "(" * 2000}, [("body", ["any field"])]),
    ],
)
def test_templates_are_found_wherever_they_stand(bus, config, expected):
    bus.listeners.create("third", config, ["*"])
    assert found(bus) == expected


def test_a_secret_template_is_not_quoted(bus):
    bus.listeners.create("third", {"secret_body": "{{ hunter22 hunter33 }}"}, ["*"])
    [reading] = readings(bus.listeners.list(), "repo.sync.start", bus.plugins)
    assert "hunter" not in repr(reading.fields) + reading.problem and "cannot be parsed" in reading.problem


def test_templates_in_files_are_read(bus, tmp_path):
    (tmp_path / "message.txt").write_text("{{ payload.a }}")
    (tmp_path / "message.html").write_text("<p>{{ payload.b }}")
    (tmp_path / "notes.txt").write_text("no template")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG{{\xff")
    (tmp_path / "below").mkdir()
    one = bus.listeners.create("third", {"pages": str(tmp_path)}, ["*"])
    assert found(bus) == [("pages message.html", ["payload.b"]), ("pages message.txt", ["payload.a"])]
    bus.listeners.update(one.id, {"pages": str(tmp_path / "message.txt")})
    assert found(bus) == [("pages message.txt", ["payload.a"])]


@pytest.mark.parametrize("path", ["/no/such/folder", "/proc/self/mem"])
def test_templates_that_cannot_be_read_may_use_anything(bus, path):
    bus.listeners.create("third", {"pages": path}, ["*"])
    [reading] = readings(bus.listeners.list(), "repo.sync.start", bus.plugins)
    assert reading.fields == ("any field",) and path in reading.problem and reading.of(field_named("a")) == "maybe"


def test_a_pipe_among_the_files_is_not_waited_for(bus, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    bus.listeners.create("third", {"pages": str(tmp_path)}, ["*"])
    bus.listeners.create("third", {"pages": str(tmp_path / "pipe")}, ["*"])
    assert [fields for _, fields in found(bus)] == [["any field"]]


def test_a_notifier_that_is_not_installed_has_templates_too(bus):
    bus.listeners.create("third", {"body": "{{ payload.a }}"}, ["*"])
    del bus.plugins.notifiers["third"]
    assert found(bus) == [("body", ["payload.a"])]


def test_without_jinja2_a_template_may_use_anything(bus, monkeypatch):
    import sys

    bus.listeners.create("third", {"body": "{{ payload.a }}"}, ["*"])
    monkeypatch.setitem(sys.modules, "pulp_events.impact.of_template", None)
    [reading] = readings(bus.listeners.list(), "repo.sync.start", bus.plugins)
    assert reading.fields == ("any field",) and "pulp-events[templates]" in reading.problem
