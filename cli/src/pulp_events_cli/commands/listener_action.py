"""`pulp-admin event listener TYPE NAME`: the commands that a notifier has beside `create` and `update`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pulp_events.plugins import boundary
from pulp_events.secrets import Scrubber, secret_values
from pulp_events_cli.commands.one_listener import add_listener_id, refuse_other_type
from pulp_events_cli.errors import DONE, UsageError
from pulp_events_cli.ids import listener_ids
from pulp_events_cli.options_from_schema import SchemaOptions
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.text import printable
from pulp_events_cli.parser.parser import Parser

if TYPE_CHECKING:
    from marshmallow import Schema

    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener
    from pulp_events.notifier import Action, Notifier


def fill(parser: Parser, notifier: Notifier, action: Action) -> None:
    """Add the options of the action's schema."""
    options = SchemaOptions(notifier.type_id, action.options)
    add_listener_id(parser)
    options.add_to(parser, updating=False)
    parser.examples = action.examples
    parser.set_defaults(run=_run, action=action, options=options)


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    listener = listener_ids.find(bus, arguments.listener_id)
    refuse_other_type(listener, arguments.notifier_type_id, arguments.action.name)
    given = {key: value for key, value in arguments.options.config(arguments).items() if value is not None}
    text = _call(bus, arguments, listener, given)
    if arguments.json:
        print_json({"listener_id": listener.id, "action": arguments.action.name, "text": text})
    elif text:
        print("\n".join(map(printable, text.split("\n"))))
    return DONE


def _call(bus: EventBus, arguments: argparse.Namespace, listener: Listener, given: dict[str, Any]) -> str:
    """What the action says. Raises what it raises of ours, and PluginError for everything else."""
    action = arguments.action
    schema = action.options()

    def scrub(text: str) -> str:
        return bus.listeners.scrubber(listener)(Scrubber(secret_values(schema, given))(text))

    what = f"notifier type {listener.notifier_type_id!r}, action {action.name}"
    with boundary.mistakes(what, scrub, passes=UsageError):
        found: object = action.run(bus.listeners, listener, _load(schema, given))
        return "" if found is None else boundary.text(found, "what it returned")


def _load(schema: Schema, given: dict[str, Any]) -> dict[str, Any]:
    """The options as the schema loads them; a reference to a secret stays one, for the action to store."""
    from marshmallow import ValidationError

    from pulp_events.fields import messages
    from pulp_events.secrets import holds_reference

    references = {key: value for key, value in given.items() if holds_reference(value)}
    plain = {key: value for key, value in given.items() if key not in references}
    try:
        loaded = dict(schema.load(plain, partial=tuple(references) or None))
    except ValidationError as error:
        # The messages name what would be right; values stay out, as one may be a secret.
        parts = [f"--{path.partition('.')[0].replace('_', '-')}: {text}" for path, text in messages(error.messages)]
        raise UsageError("; ".join(parts)) from None
    return {**loaded, **references}
