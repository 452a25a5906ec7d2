"""A plugin written against API 1.0. Never changed: every later release with API 1.x must load and run it as it is."""

from dataclasses import replace

from marshmallow import Schema, ValidationError, fields, validates_schema

from pulp_events import (
    Action,
    Channel,
    EventType,
    Notifier,
    PermanentFailure,
    TimedOut,
    TransientFailure,
    hookimpl,
)
from pulp_events.fields import Duration, Words

pulp_events_api = ">=1.0,<2"

sent, seen, probed = [], [], []


class FrozenConfig(Schema):
    to = Words(fields.String(), required=True, metadata={"help": "addresses"})
    token = fields.String(metadata={"help": "token", "secret": True})
    wait = Duration(load_default=5.0, metadata={"help": "time limit"})

    @validates_schema
    def check(self, data, **kwargs):
        if "bad" in data.get("to", []):
            raise ValidationError("not to this one", "to")


class FrozenSettings(Schema):
    host = fields.String(load_default="localhost", metadata={"help": "server"})


class FrozenChannel(Channel):
    batch_size = 10

    def __init__(self, config, settings):
        self.config, self.settings = config, settings

    def open(self):
        seen.append("open")

    def close(self):
        seen.append("close")

    def send_batch(self, deliveries):
        for delivery in deliveries:
            wish = delivery.event.payload.get("wish")
            self.detail = f"to {delivery.target}"
            if wish == "transient":
                yield delivery, TransientFailure("busy", retry_after=7)
            elif wish == "timeout":
                yield delivery, TimedOut("late")
            elif wish == "permanent":
                yield delivery, PermanentFailure("no", disable_listener=False)
            else:
                sent.append(
                    (delivery.id, delivery.target, delivery.report, self.config["token"], self.settings["host"])
                )
                yield delivery, None


class Frozen(Notifier):
    type_id = "frozen"
    config_schema = FrozenConfig
    settings_section = "frozen"
    settings_schema = FrozenSettings
    update_help = "update a frozen listener"
    time_limit = 10.0

    def open(self, config, settings):
        return FrozenChannel(config, settings)

    def targets(self, config):
        return config["to"]

    def limit(self, config, settings):
        return config["wait"]

    def warnings(self, config, settings):
        return [f"server is {settings['host']}"]

    def probe(self, settings):
        return [f"reached {settings['host']}"]

    def actions(self):
        return [Action("wave", "wave at a listener", lambda listeners, listener, options: f"waved at {listener.id}")]


class Simple(Notifier):
    type_id = "frozen-simple"
    config_schema = Schema

    def deliver(self, event, config):
        sent.append((event.id, event.event_type, event.payload, event.call_report, event.time, event.source))


@hookimpl
def pulp_notifiers():
    return [Frozen(), Simple()]


@hookimpl
def pulp_event_types():
    return [EventType("frozen.thawed", "Something thawed.", {"degrees": "how warm it is"})]


@hookimpl
def pulp_before_emit(event):
    return replace(event, payload={**event.payload, "enriched": True})


@hookimpl
def pulp_event_emitted(event, listeners):
    seen.append(("emitted", event.event_type, len(listeners)))


@hookimpl
def pulp_delivery_attempted(delivery, attempt):
    seen.append(("attempted", delivery.state, attempt.outcome, attempt.number))


@hookimpl
def pulp_listener_store(settings):
    seen.append(("listener store", settings.section("frozen")["host"]))


@hookimpl
def pulp_outbox(settings):
    seen.append(("outbox", str(settings.data_dir)))


@hookimpl
def pulp_admin_commands(commands):
    parser = commands.add_parser("thaw", help="thaw something")
    parser.set_defaults(run=lambda bus, arguments: print("thawed") or 0)
