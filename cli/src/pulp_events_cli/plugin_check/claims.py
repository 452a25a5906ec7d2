"""Core's claims about a notifier, and the one that needs the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pulp_events.events.event_type import EventType
from pulp_events.notifier import Notifier
from pulp_events.plugins import boundary, checks
from pulp_events.system import guard
from pulp_events.visible import one_line
from pulp_events_cli.commands import listener_type
from pulp_events_cli.options_from_schema import SchemaOptions
from pulp_events_cli.parser.parser import Parser


def the_command_line_can_be_made(notifier: Notifier) -> Iterator[str]:
    """`create`, `update` and the actions have their options from schemas."""
    try:
        for updating in (False, True):
            SchemaOptions(notifier.type_id, notifier.config_schema).add_to(Parser(prog="create"), updating)
        actions = boundary.actions_of(notifier)
    except Exception as error:  # noqa: BLE001  # a plugin may raise anything
        yield f"{type(error).__name__}: {error}; fix config_schema or actions()"
        return
    seen: set[str] = set()
    for action in actions:
        if reason := listener_type.unusable(action, seen):
            yield reason
            continue
        try:
            SchemaOptions(notifier.type_id, action.options).add_to(Parser(prog=action.name), updating=False)
        except Exception as error:  # noqa: BLE001
            yield f"its action {action.name}: {type(error).__name__}: {error}; fix its options"


def the_schema_can_be_used(event_type: EventType) -> Iterator[str]:
    """Payloads are checked against it when they are emitted, and it is shown; a broken one does neither."""
    from pulp_events.schemas.checks import check_of
    from pulp_events.schemas.fault import UnusableSchema
    from pulp_events.schemas.json_schema import payload_schema

    try:
        with guard.exits("its schema"):
            check_of(event_type.schema)
            payload_schema(event_type)
    except Exception as error:  # noqa: BLE001  # a plugin may raise anything
        text = str(error) if isinstance(error, UnusableSchema) else f"{type(error).__name__}: {error}"
        said = f"the schema of {event_type.name} cannot be used: "
        yield said + one_line(text.removeprefix(said))[:400]


CLAIMS: Mapping[str, Callable[[Notifier], Iterator[str]]] = {
    **checks.CLAIMS,
    "command line": the_command_line_can_be_made,
}
"""What is looked at → the claim."""
