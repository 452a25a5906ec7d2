"""What `check`, `targets`, `window` and `warnings` are given: loaded, with defaults, no references; and guarded."""

import pytest
from marshmallow import Schema, fields, validate

from pulp_events import InvalidConfig, Notifier
from pulp_events.listeners.notifier_config import validate as stored
from pulp_events.notifier import is_given
from pulp_events.testing.bus import open_bus


class Config(Schema):
    level = fields.Integer(load_default=3)
    tokens = fields.List(fields.String(), metadata={"secret": True})
    token = fields.String(load_default="", metadata={"secret": True})


class Asking(Notifier):
    type_id = "asking"
    config_schema = Config
    fault = None

    def __init__(self):
        self.seen = {}

    def note(self, name, config):
        self.seen[name] = dict(config)
        assert config["level"] >= 3

    def check(self, config):
        self.note("check", config)

    def targets(self, config):
        self.note("targets", config)
        return [""]

    def window(self, config):
        self.note("window", config)

    def warnings(self, config, settings):
        self.note("warnings", config)
        return self.fault() if self.fault else [f"level {config['level']}"]

    def deliver(self, event, config):
        pass


class Sizes(Schema):
    sizes = fields.List(fields.Integer(), validate=validate.Length(max=2))
    rooms = fields.Dict(fields.String(), fields.Integer())


class Sized(Notifier):
    type_id = "sized"
    config_schema = Sizes


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"sizes": [1, "x"]}, "sizes 'x': Not a valid integer."),
        ({"sizes": [1, 2, 3]}, "sizes [1, 2, 3]: Longer than maximum length 2."),
        ({"sizes": "x"}, "sizes 'x': Not a valid list."),
        ({"rooms": {"0": "x"}}, "rooms.0 {'0': 'x'}: Not a valid integer."),
    ],
)
def test_what_is_refused_is_shown_and_of_a_list_the_item(config, said):
    with pytest.raises(InvalidConfig) as refused:
        stored(Sized(), config)
    assert str(refused.value) == f"invalid sized configuration: {said}"


@pytest.fixture
def asking():
    return Asking()


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({}, {"level": 3, "token": ""}),
        ({"level": "5", "token": "t"}, {"level": 5, "token": "t"}),
        ({"token": {"$env": "A"}}, {"level": 3}),
        ({"tokens": [{"$env": "A"}, "x"]}, {"level": 3, "token": ""}),
    ],
)
def test_all_of_them_get_what_the_schema_loads_without_what_holds_a_reference(tmp_path, asking, given, left):
    with open_bus(tmp_path, asking) as bus:
        listener = bus.listeners.create("asking", given, ["*"])
        assert bus.listeners.window(listener) is None
        assert bus.listeners.warnings(listener) == [f"level {left['level']}"]
        assert asking.seen == dict.fromkeys(("check", "targets", "window", "warnings"), left)


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ({}, {"level", "token"}),
        ({"token": {"$env": "A"}, "tokens": [{"$file": "/a"}, "x"]}, {"level", "token", "tokens"}),
        ({"tokens": ["x"]}, {"level", "token", "tokens"}),
    ],
)
def test_whether_a_secret_is_given_can_be_told_and_its_value_cannot(tmp_path, asking, given, keys):
    asked = {}
    asking.note = lambda name, config: asked.update({name: {key for key in Config().fields if is_given(config, key)}})
    asking.fault = list
    with open_bus(tmp_path, asking) as bus:
        listener = bus.listeners.create("asking", given, ["*"])
        assert bus.listeners.window(listener) is None and bus.listeners.warnings(listener) == []
    assert asked == dict.fromkeys(("check", "targets", "window", "warnings"), keys)


@pytest.mark.parametrize("answer", [lambda: {}["gone"], lambda: "one text", lambda: [3], lambda: None])
def test_a_notifier_that_cannot_say_its_warnings_is_a_warning(tmp_path, asking, answer):
    asking.fault = answer
    with open_bus(tmp_path, asking) as bus:
        listener = bus.listeners.create("asking", {"token": "hunter22"}, ["*"])
        [text] = bus.listeners.warnings(listener)
        assert "notifier type 'asking' could not check this listener" in text and "hunter22" not in text
