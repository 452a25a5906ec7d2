"""What the tests of the console look at: listeners, deliveries and hostile texts, and a third party's plugin."""

from types import ModuleType

from flask import g
from marshmallow import Schema, fields, validate

from pulp_events import EventBus, hookimpl
from pulp_events.errors import PermanentFailure, TransientFailure
from pulp_events.notifier import WITHIN_NETWORKS, Notifier
from pulp_events_web import create_app
from pulp_events_web.principal import Principal, Role

HOSTILE = "<script>window.ran = 1</script><img src=x onerror='window.ran = 1'>\"'{{ 7 * 7 }}"


class Inner(Schema):
    room = fields.String(required=True)
    pin = fields.String(metadata={"secret": True})


class ChatConfig(Schema):
    server = fields.String(required=True, metadata={"help": "where to", "example": "chat.example"})
    password = fields.String(validate=validate.Length(min=4), metadata={"secret": True, "help": "of the account"})
    tone = fields.String(validate=validate.OneOf(["plain", "loud"]), load_default="plain")
    retries = fields.Integer(strict=True, validate=validate.Range(0, 9))
    bold = fields.Boolean()
    rooms = fields.List(fields.String(), metadata={"help": "rooms to write to; may be repeated", "example": "a,b"})
    days = fields.List(
        fields.String(validate=validate.OneOf(["monday", "tuesday", "friday"])),
        metadata={"help": "comma separated list of days", "cli_help": "as the command line has it"},
    )
    extra = fields.Dict()
    place = fields.Nested(Inner)
    motto = fields.String(metadata={"template": "text", "read_file": True})
    key_file = fields.String(metadata={"local": True})


class Chat(Notifier):
    """Says each event in a room.

    Of a chat server that there is not.
    """

    type_id = "chat"
    config_schema = ChatConfig
    connects_to = WITHIN_NETWORKS

    def deliver(self, event, config):
        if config["server"] == "bad.example":
            raise TransientFailure(f"500 {HOSTILE}")
        if config["server"] == "gone.example":
            raise PermanentFailure("410 Gone")

    def open_within(self, config, settings, networks):
        return self.open(config, settings)

    def preview(self, deliveries, config, settings):
        return f"{config.get('motto', '')}: {deliveries[0].event_type}"


def plugin():
    module = ModuleType("chat_plugin")
    module.pulp_notifiers = hookimpl(lambda: [Chat()], specname="pulp_notifiers")
    return module


def bus_at(folder, deliver="inline", **sections):
    """A bus that has the notifier, and keeps every event."""
    bus = EventBus.open(settings={"events": {"data_dir": str(folder), "keep": "all"}, **sections}, deliver=deliver)
    bus.plugins.add("chat", plugin())
    return bus


def app_of(bus):
    """The application as an administrator has it who is logged in, without the tokens of forms."""
    app = create_app(bus)
    app.config["WTF_CSRF_ENABLED"] = False
    act_as(app)
    return app


def act_as(app, role=Role.ADMIN, trusted=True, name="alice"):
    """Whoever asks from now on is this one."""

    def identify():
        g.principal = Principal(name, role, trusted)

    app.before_request_funcs[None] = [identify]


def fill(bus):
    """Listeners that deliver, fail and gave up; each with a delivery of a hostile event."""
    make = bus.listeners.create
    made = {
        "good": make("chat", {"server": "chat.example", "password": "sesame1"}, ["repo.#"], name="good",
                     labels={"team": "ops"}, description=HOSTILE),
        "bad": make("chat", {"server": "bad.example"}, ["repo.#"], name="bad"),
        "gone": make("chat", {"server": "gone.example"}, ["repo.#"], name="gone", filter="payload.repo_id != 'x'"),
    }  # fmt: skip
    event = bus.emit("repo.sync.start", {"repo_id": HOSTILE})
    bus.deliver_due()
    return made, event
