"""A plugin written against API 1.0. Never changed: every later release with API 1.x must load and run it as it is.

What api_1_0.py has not: a section without a notifier, settings in observers, a notifier as an entry point names it, the
further public names.
"""

from marshmallow import Schema, fields

from pulp_events import (
    Attempt,
    Config,
    Delivery,
    DeliveryFailure,
    DeliveryQuery,
    Event,
    Listener,
    Notifier,
    Scrubber,
    Settings,
    TransientFailure,
    hookimpl,
)

seen = []


class NoteConfig(Schema):
    tokens = fields.List(fields.String(), required=True, metadata={"help": "tokens", "secret": True})


class Note(Notifier):
    """Named by an entry point itself."""

    type_id = "frozen-note"
    config_schema = NoteConfig
    pulp_events_api = ">=1.0,<2"

    def deliver(self, event: Event, config: Config) -> None:
        failure: DeliveryFailure = TransientFailure(Scrubber(config["tokens"])(f"not with {config['tokens'][0]}"))
        raise failure


class NotesSettings(Schema):
    prefix = fields.String(load_default="note", metadata={"help": "what lines begin with"})


@hookimpl
def pulp_settings_sections() -> dict[str, type[Schema]]:
    return {"frozen_notes": NotesSettings}


@hookimpl
def pulp_before_emit(event: Event, settings: Settings) -> None:
    seen.append((settings.section("frozen_notes")["prefix"], "before", event.event_type))


@hookimpl
def pulp_event_emitted(event: Event, listeners: tuple[Listener, ...], settings: Settings) -> None:
    seen.append((settings.section("frozen_notes")["prefix"], "emitted", len(listeners)))


@hookimpl
def pulp_delivery_attempted(delivery: Delivery, attempt: Attempt, settings: Settings) -> None:
    seen.append((settings.section("frozen_notes")["prefix"], "attempted", attempt.detail))


def dead(bus) -> int:
    return len(bus.deliveries.list(DeliveryQuery(state="dead")))
