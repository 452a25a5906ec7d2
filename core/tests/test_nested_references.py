"""References within nested objects: stored as such, read at delivery, shown nowhere else."""

import json
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from pulp_events import EventBus, InvalidConfig, Notifier, PermanentFailure
from pulp_events.listeners.config_references import misplaced
from pulp_events.listeners.notifier_config import complete, readable_part, secrets_of, validate
from pulp_events.notation.reading import read
from pulp_events.plugins.registry import Plugins
from pulp_events.secrets import Scrubber, redact
from pulp_events.testing.clock import FakeClock


class Room(Schema):
    name = fields.String(required=True)
    token = fields.String(data_key="api_token", required=True, metadata={"secret": True})
    limits = fields.Dict(keys=fields.String(), values=fields.Integer())


class RoomsConfig(Schema):
    rooms = fields.List(fields.Nested(Room))
    room = fields.Nested(Room)
    many = fields.Nested(Room, many=True)
    by_name = fields.Dict(keys=fields.String(), values=fields.Nested(Room))
    pair = fields.Tuple((fields.String(), fields.Nested(Room)))
    signing = fields.String(data_key="signing_key", required=True, metadata={"secret": True})


class Rooms(Notifier):
    type_id = "rooms"
    config_schema = RoomsConfig
    opened: ClassVar[list[Any]] = []

    def targets(self, config):
        return [room["name"] for room in config.get("rooms", ())]

    def deliver(self, event, config):
        self.opened.append(config)
        raise PermanentFailure(f"refused {config}")


TOKEN = {"$env": "ROOM_TOKEN"}
ROOM = {"name": "ops", "api_token": TOKEN}
LOADED = {"name": "ops", "token": "hunter22"}
SHOWN = {"name": "ops", "api_token": "env:ROOM_TOKEN"}


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def bus(tmp_path, monkeypatch, clock):
    Rooms.opened.clear()
    monkeypatch.setenv("ROOM_TOKEN", "hunter22")
    plugins = Plugins()
    plugins.add("rooms", Rooms)
    with EventBus.open(deliver="inline", clock=clock, plugins=plugins, data_dir=tmp_path / "data") as bus:
        yield bus


@pytest.mark.parametrize(
    ("key", "value", "loaded", "shown"),
    [
        ("room", ROOM, LOADED, SHOWN),
        ("rooms", [ROOM, {"name": "b", "api_token": "hunter22"}], [LOADED, {**LOADED, "name": "b"}], None),
        ("many", [ROOM], [LOADED], [SHOWN]),
        ("by_name", {"x": ROOM}, {"x": LOADED}, {"x": SHOWN}),
        ("pair", ["a", ROOM], ("a", LOADED), ["a", SHOWN]),
    ],
)
def test_a_reference_within_is_stored_as_such_and_read_to_deliver(bus, key, value, loaded, shown):
    config = {key: value, "signing_key": {"$env": "ROOM_TOKEN"}}
    listener = bus.listeners.create("rooms", config, ["*"])
    assert listener.notifier_config == config
    redacted = bus.listeners.redacted(listener)
    assert "hunter" not in str(redacted) and (shown is None or redacted[key] == shown)
    for delivery in bus.wait(bus.emit("repo.sync.start"), 0):
        assert "refused" in delivery.detail and "hunter" not in delivery.detail
    assert Rooms.opened[-1] == {key: loaded, "signing": "hunter22"}


def test_targets_are_made_of_what_is_known_beside_the_references(bus):
    config = {"rooms": [ROOM, {**ROOM, "name": "dev"}], "signing_key": "x"}
    assert bus.listeners.create("rooms", config, ["*"]).targets == ("ops", "dev")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"room": {"name": TOKEN, "api_token": TOKEN}}, "room.name is not a secret"),
        ({"room": TOKEN}, "room is not a secret"),
        ({"rooms": [ROOM, TOKEN]}, "rooms.1 is not a secret"),
        ({"room": {"api_token": TOKEN}}, "room.name {'api_token': 'env:ROOM_TOKEN'}: Missing data"),
        ({"rooms": [ROOM, {"name": "without"}]}, "rooms.1.api_token"),
        ({"room": {**ROOM, "nonsense": 1}}, "room.nonsense"),
        ({"by_name": {"x": {**ROOM, "limits": {"a": "hunter"}}}}, "by_name.x.limits"),
    ],
)
def test_what_stands_beside_references_is_checked_at_once(bus, config, said):
    with pytest.raises(InvalidConfig) as refused:
        bus.listeners.create("rooms", {**config, "signing_key": "x"}, ["*"])
    assert said in str(refused.value)


def test_what_stands_beside_a_reference_that_is_not_read_is_known_as_a_secret_too(monkeypatch):
    monkeypatch.setenv("ROOM_TOKEN", "hunter22")
    config = {"rooms": [ROOM, {**ROOM, "api_token": "hunter33"}]}
    assert list(filter(None, secrets_of(RoomsConfig(), config, reads=False))) == ["hunter33"]
    assert list(secrets_of(RoomsConfig(), config)) == ["hunter22", "hunter33"]
    tokens = {"tokens": [TOKEN, "hunter33"]}
    schema = Schema.from_dict({"tokens": fields.List(fields.String(metadata={"secret": True}))})()
    assert list(filter(None, secrets_of(schema, tokens, reads=False))) == ["hunter33"]


def test_a_variable_within_that_changes_is_read_again(bus, clock, monkeypatch):
    bus.listeners.create("rooms", {"room": ROOM, "signing_key": "x"}, ["*"])
    bus.wait(bus.emit("repo.sync.start"), 0)
    monkeypatch.setenv("ROOM_TOKEN", "hunter33")
    clock.advance(1)
    bus.wait(bus.emit("repo.sync.start"), 0)
    assert [each["room"]["token"] for each in Rooms.opened] == ["hunter22", "hunter33"]


class Whole(Schema):
    """A nested schema that can do with nothing but all of an object."""

    user = fields.String(required=True)
    password = fields.String(required=True, metadata={"secret": True})

    @validates_schema
    def judge(self, data, **_):
        if data["password"] == "bad":
            raise ValidationError("Not this one.", "password")

    @post_load
    def make(self, data, **_):
        return (data["user"], data["password"])


class WholeConfig(Schema):
    login = fields.Nested(Whole)
    room = fields.String()


class Wholes(Notifier):
    type_id = "wholes"
    config_schema = WholeConfig

    def deliver(self, event, config): ...


def test_a_nested_schema_that_needs_all_of_an_object_judges_it_when_the_reference_is_read(monkeypatch):
    config = {"login": {"user": "ann", "password": TOKEN}, "room": "ops"}
    assert validate(Wholes(), config)[0] == config
    known = readable_part(Wholes(), config)
    assert known == {"room": "ops"} and known.references == {"login"}
    monkeypatch.setenv("ROOM_TOKEN", "hunter22")
    assert complete(Wholes(), config)["login"] == ("ann", "hunter22")
    monkeypatch.setenv("ROOM_TOKEN", "bad")
    with pytest.raises(InvalidConfig, match="Not this one"):
        complete(Wholes(), config)


LEAVES = st.sampled_from([("plain",), ("number",), ("literal",), ("reference",)])
SHAPES = st.recursive(
    LEAVES,
    lambda below: st.one_of(
        st.tuples(st.just("object"), st.dictionaries(st.sampled_from("abc"), below, min_size=1), st.booleans()),
        st.tuples(st.just("list"), below),
        st.tuples(st.just("dict"), below),
        st.tuples(st.just("tuple"), st.lists(below, min_size=1, max_size=3)),
    ),
    max_leaves=8,
)
"""What a field may be; of a leaf also what stands in it, of an object whether all of it is secret."""


def field_of(shape, within_secret=False):
    kind, *rest = shape
    marks = {"metadata": {"secret": True}}
    if kind == "object":
        members, secret = rest
        inner = {f"{key}_key": field_of(each, within_secret or secret) for key, each in members.items()}
        return fields.Nested(Schema.from_dict(inner), **(marks if secret else {}))
    if kind == "list":
        return fields.List(field_of(*rest, within_secret))
    if kind == "dict":
        return fields.Dict(keys=fields.String(), values=field_of(*rest, within_secret))
    if kind == "tuple":
        return fields.Tuple([field_of(each, within_secret) for each in rest[0]])
    if kind == "number":
        return fields.Integer()
    return fields.String(**(marks if kind != "plain" and not within_secret else {}))


def value_of(shape, reference):
    """A value of the shape. `reference`: what stands for a reference."""
    kind, *rest = shape
    if kind == "object":
        return {f"{key}_key": value_of(each, reference) for key, each in rest[0].items()}
    if kind == "list":
        return [value_of(*rest, reference)] * 2
    if kind == "dict":
        return {"x": value_of(*rest, reference), "y": value_of(*rest, reference)}
    if kind == "tuple":
        return [value_of(each, reference) for each in rest[0]]
    return {"plain": "seen", "number": 7, "literal": "hunter-literal", "reference": reference}[kind]


def notifier_of(shape):
    config_schema = Schema.from_dict({"any": field_of(shape), "number": fields.Integer()})
    return type("Any", (Rooms,), {"config_schema": config_schema, "targets": Notifier.targets})()


@settings(deadline=None)
@given(shape=SHAPES)
def test_in_any_shape_references_are_stored_and_read_and_no_secret_is_shown(shape):
    notifier, config = notifier_of(shape), {"any": value_of(shape, TOKEN)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROOM_TOKEN", "hunter-read")
        assert validate(notifier, config)[0] == config
        loaded = complete(notifier, config)
        scrub = Scrubber(secrets_of(notifier.config_schema(), config))
    assert json.dumps(loaded) == json.dumps({"any": value_of(shape, "hunter-read")})
    shown = redact(notifier.config_schema(), config)
    for text in (str(shown), scrub(repr(loaded)), scrub(json.dumps(loaded))):
        assert "hunter" not in text
    assert str(shown).count("env:ROOM_TOKEN") == str(config).count("ROOM_TOKEN")
    with pytest.raises(InvalidConfig) as refused:
        validate(notifier, {**config, "number": "none"})
    assert "hunter" not in str(refused.value)


@settings(deadline=None)
@given(shape=SHAPES.filter(lambda shape: shape[0] in ("object", "list", "dict", "tuple")))
def test_in_the_json_of_an_option_a_reference_is_one_wherever_a_secret_stands(shape):
    def get_secret(text):
        return {"$env": text.removeprefix("env:")} if text.startswith("env:") else text

    typed = json.dumps(value_of(shape, "env:ROOM_TOKEN"))
    field = Schema.from_dict({"any": field_of(shape)})().fields["any"]
    assert read(field, [typed], get_secret=get_secret) == value_of(shape, TOKEN)


@given(shape=SHAPES)
def test_a_reference_where_no_secret_stands_is_found_by_its_place(shape):
    """The same fields, none of them marked."""

    def unmarked(each):
        kind, *rest = each
        if kind == "object":
            return (kind, {key: unmarked(member) for key, member in rest[0].items()}, False)
        if kind == "tuple":
            return (kind, [unmarked(part) for part in rest[0]])
        return (kind, unmarked(*rest)) if kind in ("list", "dict") else ("plain",)

    schema = Schema.from_dict({"any": field_of(unmarked(shape))})()
    assert len(misplaced(schema, {"any": value_of(shape, TOKEN)})) == str(value_of(shape, TOKEN)).count("ROOM_TOKEN")
