"""`[events] payloads`: what emit does with payloads that do not fit their type's schema."""

import dataclasses
import logging
import socket
import subprocess
import sys

import pytest
from marshmallow import Schema, ValidationError, fields, pre_load, validates_schema

from pulp_events import EventType, InvalidEvent, PayloadRefused, PluginError, hookimpl
from pulp_events.plugins.registry import Plugins

ORDER = {"type": "object", "required": ["number"], "properties": {"number": {"type": "integer", "minimum": 1}}}


class Line(Schema):
    count = fields.Integer(required=True, strict=True)


class Order(Schema):
    number = fields.Integer(required=True, strict=True, metadata={"help": "its number"})
    lines = fields.List(fields.Nested(Line), metadata={"description": "what was ordered"})


@pytest.fixture
def bus_of(recording_bus):
    """`bus_of(schema, mode)`: a bus with the type `order` and a listener of everything."""

    def make(schema, mode="strict", *plugins):
        bus = recording_bus(f"[events]\npayloads = {mode}\n")
        bus.event_types.register(EventType("order", "An order was placed.", schema=schema, version="3"))
        for number, plugin in enumerate(plugins):
            bus.plugins.add(f"plugin{number}", plugin)
        bus._assemble()
        bus.listeners.create("recording", {}, ["*"])
        return bus

    return make


def sent(recording):
    return [dict(event.payload) for event, _ in recording.calls]


def test_strict_refuses_with_one_line_that_names_type_path_and_fault(bus_of, recording):
    bus = bus_of({**ORDER, "properties": {"number": {"type": "integer"}}})
    with pytest.raises(PayloadRefused) as refused:
        bus.emit_many([("order", {"number": 1}), ("order", {"number": "one"})])
    assert isinstance(refused.value, InvalidEvent)
    assert str(refused.value) == (
        "the payload of order does not fit its schema (version 3): payload.number is text; it must be a whole number"
    )
    assert refused.value.faults == (("payload.number", "is text; it must be a whole number"),)
    assert sent(recording) == []
    bus.emit("order", {"number": 1})
    assert sent(recording) == [{"number": 1}]


@pytest.mark.parametrize(
    ("schema", "payload", "expected"),
    [
        (ORDER, {"number": 0}, "payload.number is less than the minimum of 1"),
        (ORDER, {}, "payload does not fit: 'number' is a required property"),
        ({"$ref": "#/$defs/o", "$defs": {"o": ORDER}}, {"number": "x"}, "payload.number is not of type 'integer'"),
        (Order, {"number": 1, "lines": [{"count": 1}, {}]}, "payload.lines[1].count does not fit: Missing data for"),
        (Order, {"number": "x", "other": 1}, "payload.number does not fit: Not a valid integer., and 1 more"),
        (Order(unknown="exclude"), {"number": "x", "other": 1}, "payload.number does not fit: Not a valid integer."),
    ],
)
def test_json_schemas_and_marshmallow_schemas_are_checked_alike(bus_of, schema, payload, expected):
    with pytest.raises(PayloadRefused) as refused:
        bus_of(schema).emit("order", payload)
    assert expected in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "rule",
    [
        {"type": "integer"},
        {"enum": ["a"]},
        {"enum": ["a", 1]},
        {"const": 1},
        {"pattern": "^a$"},
        {"maxLength": 1},
        {"not": {}},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"oneOf": [{}, {}]},
        {"format": "date", "minLength": 100},
    ],
)
def test_a_fault_is_named_without_the_value_which_may_be_somebodys_data(bus_of, caplog, rule):
    schema = {"properties": {"name": rule, "names": {"items": rule, "uniqueItems": True}}}
    payload = {"name": "Ada Lovelace", "names": ["Ada Lovelace", "Ada Lovelace"]}
    with pytest.raises(PayloadRefused, match="payload.name") as refused:
        bus_of(schema).emit("order", payload)
    assert "Ada" not in f"{refused.value}{refused.value.faults}"
    bus_of(schema, "warn").emit("order", payload)
    assert "payload.name" in caplog.text and "Ada" not in caplog.text


class Parts(Schema):
    pl = fields.Pluck(Line, "count")
    pls = fields.Pluck(Line, "count", many=True)
    line = fields.Nested(Line)
    lines = fields.Nested(Line, many=True, data_key="the-lines")
    grid = fields.List(fields.List(fields.Nested(Line)))
    named = fields.Dict(keys=fields.String(), values=fields.Pluck(Line, "count"))
    byte = fields.Dict(keys=fields.Integer(), values=fields.Nested(Line))
    pair = fields.Tuple((fields.Integer(), fields.Pluck(Line, "count")))


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({"pl": "x"}, "payload.pl"),
        ({"pls": [1, "x"]}, "payload.pls[1]"),
        ({"pls": 5}, "payload.pls"),
        ({"line": {"count": "x"}}, "payload.line.count"),
        ({"line": 5}, "payload.line"),
        ({"the-lines": [{"count": 1}, {"count": "x"}]}, "payload.the-lines[1].count"),
        ({"the-lines": [{"count": 1}, 5]}, "payload.the-lines[1]"),
        ({"the-lines": 5}, "payload.the-lines"),
        ({"grid": [[{"count": 1}], [{"count": "x"}]]}, "payload.grid[1][0].count"),
        ({"named": {"value": "x"}}, "payload.named.value"),
        ({"named": {"a.b": "x"}}, "payload.named.a.b"),
        ({"byte": {"7": {"count": "x"}}}, "payload.byte.7.count"),
        ({"byte": {"x": {"count": 1}}}, "payload.byte.x"),
        ({"pair": [1, "x"]}, "payload.pair[1]"),
        ({"unknown": 1}, "payload.unknown"),
    ],
)
def test_a_fault_is_named_by_keys_that_the_payload_has(bus_of, payload, path):
    with pytest.raises(PayloadRefused) as refused:
        bus_of(Parts).emit("order", payload)
    assert [found for found, _ in refused.value.faults] == [path]


def test_the_payload_is_checked_as_it_will_be_serialised(bus_of, recording):
    from datetime import UTC, datetime
    from uuid import UUID

    class Stamped(Schema):
        at = fields.AwareDateTime(required=True)
        tags = fields.List(fields.String())
        id = fields.UUID()

    bus = bus_of(Stamped)
    bus.emit("order", {"at": datetime(2012, 10, 19, tzinfo=UTC), "tags": {"b", "a"}, "id": UUID(int=1)})
    assert sent(recording) == [{"at": "2012-10-19T00:00:00Z", "tags": ["a", "b"], "id": str(UUID(int=1))}]


def test_warn_says_each_kind_of_fault_once_and_emits(bus_of, recording, caplog):
    bus = bus_of({"properties": {"lines": {"items": {"type": "integer"}}, "number": {"type": "integer"}}}, "warn")
    for payload in ({"lines": ["x"]}, {"lines": [1, "y", "z"]}, {"number": 1.5, "lines": [1, "a"]}, {"number": 2}):
        bus.emit("order", payload)
    assert len(sent(recording)) == 4
    texts = [each.getMessage() for each in caplog.records if "schema" in each.getMessage()]
    assert len(texts) == 2 and all(each.levelno == logging.WARNING for each in caplog.records)
    assert "payload.lines[0] is text" in texts[0] and "said once" in texts[0]
    assert "payload.number is a fraction" in texts[1] and "lines" not in texts[1]


def test_off_checks_nothing(bus_of, recording, caplog):
    class Never(Schema):
        def validate(self, *args, **kwargs):
            raise AssertionError

    bus_of(Never, "off").emit("order", {"x": 1})
    assert len(sent(recording)) == 1 and not caplog.records


def test_warn_is_the_default(recording_bus, recording, caplog):
    bus = recording_bus()
    bus.listeners.create("recording", {}, ["*"])
    bus.emit("repo.sync.start", {})
    assert len(sent(recording)) == 1
    assert (
        "the payload of repo.sync.start does not fit its schema (version 1): payload.repo_id is missing" in caplog.text
    )


class Enricher:
    def __init__(self, change, event_type=None):
        self.change, self.event_type = change, event_type

    @hookimpl
    def pulp_before_emit(self, event):
        payload = {**event.payload, **self.change}
        return dataclasses.replace(event, payload=payload, event_type=self.event_type or event.event_type)


def test_what_a_plugin_adds_is_checked_and_may_complete_a_payload(bus_of, recording, caplog):
    bus_of(Order, "strict", Enricher({"number": 7})).emit("order", {})
    assert sent(recording) == [{"number": 7}] and not caplog.records


def test_a_plugins_change_that_does_not_fit_leaves_the_event_unchanged(bus_of, recording, caplog):
    bus_of(Order, "strict", Enricher({"number": "seven"})).emit("order", {"number": 1})
    assert sent(recording) == [{"number": 1}]
    assert "emitted unchanged: the payload of order does not fit its schema" in caplog.text


def test_an_event_that_fits_neither_before_nor_after_a_plugins_change_is_refused(bus_of, recording, caplog):
    bus = bus_of(Order, "strict", Enricher({"more": 1}))
    with pytest.raises(PayloadRefused, match="payload.number"):
        bus.emit("order", {})
    assert sent(recording) == [] and "emitted unchanged" not in caplog.text


def test_a_plugin_that_changes_the_type_has_the_payload_checked_by_the_new_one(bus_of, recording):
    bus = bus_of(Order, "strict", Enricher({}, "order"))
    bus.event_types.register(EventType("draft", "A draft."))
    bus.emit("draft", {"number": "x"})
    assert [event.event_type for event, _ in recording.calls] == ["draft"]
    bus.emit("draft", {"number": 1})
    assert [event.event_type for event, _ in recording.calls] == ["draft", "order"]


class Crash(Schema):
    class Meta:
        unknown = "include"

    @validates_schema
    def crash(self, data, **kwargs):
        raise RuntimeError("cannot\ncheck")


class Exit(Schema):
    @pre_load
    def leave(self, data, **kwargs):
        sys.exit(3)


class Odd(Schema):
    def validate(self, data, **kwargs):
        return 5


@pytest.mark.parametrize(
    "schema",
    [
        Crash,
        Exit,
        Odd,
        {"type": "objekt"},
        {"$ref": "#/nowhere"},
        {"properties": {"x": {"pattern": "("}}},
        {"minProperties": {1, 2}},
    ],
)
@pytest.mark.parametrize("mode", ["warn", "strict"])
def test_a_schema_that_fails_stops_no_event_and_is_said_once(bus_of, recording, caplog, schema, mode):
    bus = bus_of(schema, mode)
    for _ in range(3):
        bus.emit("order", {"x": "y"})
    assert len(sent(recording)) == 3
    [record] = caplog.records
    assert "schema of event type order" in record.getMessage() and "\n" not in record.getMessage()


def test_a_schema_changes_nothing_of_what_leaves(bus_of, recording):
    class Meddling(Schema):
        class Meta:
            unknown = "include"

        @pre_load
        def meddle(self, data, **kwargs):
            data["lines"].append("x")
            data["new"] = 1
            return data

    bus_of(Meddling).emit("order", {"lines": ["a"]})
    assert sent(recording) == [{"lines": ["a"]}]


def test_a_ref_to_another_machine_is_never_followed(bus_of, recording, caplog):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.0)
        bus = bus_of({"$ref": f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"})
        bus.emit("order", {})
        with pytest.raises(BlockingIOError):
            server.accept()
    assert len(sent(recording)) == 1 and "leads nowhere" in caplog.text


def test_explain_refuses_what_emit_would_refuse(bus_of):
    with pytest.raises(PayloadRefused):
        bus_of(Order).explain("order", {})


def test_explain_does_not_warn_of_what_is_not_emitted(bus_of, caplog):
    assert bus_of(Order, "warn").explain("order", {})[0].gets == "yes"
    assert not caplog.records


def test_an_own_event_of_the_bus_fits_its_schema(bus_of, recording, caplog):
    from pulp_events import PermanentFailure

    bus = bus_of(Order)
    other = bus.listeners.create("recording", {"name": "other"}, ["order"])

    def act(event, config):
        if config.get("name"):
            raise PermanentFailure("gone", disable_listener=True)

    recording.act = act
    bus.emit("order", {"number": 1})
    bus.deliver_due()
    assert not bus.listeners.get(other.id).enabled
    assert "listener.disabled" in [event.event_type for event, _ in recording.calls]
    assert "schema" not in caplog.text


IMPORTED = """
import sys
from marshmallow import Schema
from pulp_events import EventBus, EventType
bus = EventBus.open(sys.argv[1], deliver="external", plugins=False)
bus.event_types.register(EventType("order", "d", schema={"minProperties": 1}))
bus.emit("repo.sync.start", {"repo_id": "x"})
bus.emit("listener.disabled", {})
print(bool({"jsonschema", "apispec", "referencing"} & set(sys.modules)))
bus.emit("order", {})
print("jsonschema" in sys.modules)
"""


def test_jsonschema_is_imported_when_a_type_that_needs_it_is_emitted(tmp_path):
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\n")
    command = [sys.executable, "-c", IMPORTED, str(config)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["False", "True"]


def test_without_jsonschema_it_says_what_to_install(bus_of, recording, caplog, monkeypatch):
    for name in ("validator", "bounded"):
        monkeypatch.delitem(sys.modules, f"pulp_events.schemas.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "jsonschema.exceptions", None)
    bus_of(ORDER).emit("order", {})
    assert len(sent(recording)) == 1 and "pip install 'pulp-events[schemas]'" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"schema": "text"}, "has the schema 'text'; give a marshmallow Schema or a JSON Schema"),
        ({"schema": dict}, "give a marshmallow Schema"),
        ({"schema": True}, "give a marshmallow Schema"),
        ({"version": "1 beta"}, "has the version '1 beta'"),
        ({"version": 2}, "has the version 2"),
        ({"version": "1\n"}, "has the version"),
    ],
)
def test_an_event_type_with_something_else_for_a_schema_is_refused(arguments, expected):
    with pytest.raises(PluginError) as refused:
        EventType("order", "d", **arguments)
    assert expected in str(refused.value)


def test_the_keys_that_people_see_come_from_the_schema_unless_they_are_given():
    assert EventType("a", "d", schema=Order).payload == {"number": "its number", "lines": "what was ordered"}
    assert EventType("a", "d", schema=Order()).payload == EventType("a", "d", schema=Order).payload
    assert EventType("a", "d", schema={"properties": {"x": {"description": "y"}, "z": True}}).payload == {
        "x": "y",
        "z": "",
    }
    assert EventType("a", "d", {"x": "mine"}, schema=Order).payload == {"x": "mine"}


def test_an_event_type_is_still_immutable_and_hashable_and_another_schema_is_another_type():
    schema = {"type": "object", "required": ["x"]}
    one = EventType("a", "d", schema=schema)
    schema["required"].append("y")
    assert one == EventType("a", "d", schema={"type": "object", "required": ["x"]})
    assert len({one, EventType("a", "d", schema=Order), EventType("a", "d", schema=Order)}) == 2
    with pytest.raises(TypeError):
        one.schema["type"] = "array"
    types = Plugins().event_types
    types.register(one)
    types.register(EventType("a", "d", schema={"type": "object", "required": ["x"]}))
    with pytest.raises(PluginError, match="another description or schema"):
        types.register(EventType("a", "d", schema=Order))


def test_a_validation_error_that_is_raised_by_hand_is_a_fault(bus_of):
    class Own(Schema):
        class Meta:
            unknown = "include"

        @validates_schema
        def check(self, data, **kwargs):
            raise ValidationError("all wrong")

    with pytest.raises(PayloadRefused, match="payload does not fit: all wrong"):
        bus_of(Own).emit("order", {"a": 1})
