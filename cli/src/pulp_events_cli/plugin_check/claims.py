"""Core's claims about a notifier, and the one that needs the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pulp_events.events.event_type import EventType
from pulp_events.notation.round_trip import same
from pulp_events.notation.samples import samples
from pulp_events.notation.structure import offered
from pulp_events.notation.writing import choices, write
from pulp_events.notifier import Notifier
from pulp_events.plugins import boundary, checks
from pulp_events.plugins.method_checks import methods_can_be_called
from pulp_events.system import guard
from pulp_events.visible import one_line
from pulp_events_cli import option_values
from pulp_events_cli.commands import listener_type
from pulp_events_cli.options_from_schema import SchemaOptions
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.plugin_check.answers import answers_are_right

if TYPE_CHECKING:
    from marshmallow import Schema


def the_command_line_can_be_made(notifier: Notifier) -> Iterator[str]:
    """`create`, `update` and the actions have their options from schemas."""
    try:
        SchemaOptions(notifier.type_id, notifier.config_schema).add_to(Parser(prog="create"), updating=False)
        yield from values_that_no_option_gives(notifier.type_id, notifier.config_schema)
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
            yield from values_that_no_option_gives(f"{notifier.type_id}, action {action.name}", action.options)
        except Exception as error:  # noqa: BLE001
            yield f"its action {action.name}: {type(error).__name__}: {error}; fix its options"


def values_that_no_option_gives(of: str, schema: type[Schema]) -> Iterator[str]:
    """Fields of which no value, or not one of the choices that help lists, can be given at the command line.

    Values that the field accepts are written, parsed and loaded. A field that accepts none of those that are tried is
    left out.
    """
    made = schema()
    options = SchemaOptions("check", schema)
    parser = Parser(prog="check")
    options.add_to(parser, updating=True)
    for key, field in offered(made).items():
        option = options.option(key)
        texts = [(value, write(field, value)) for value in samples(field)]
        if texts and not any(_arrives(options, parser, key, value, words) for value, words in texts):
            yield (
                f"{of}: {option} cannot give a value that the field {key} accepts, such as {texts[0][0]!r:.60}; make "
                "the field load text, or the JSON in it"
            )
            continue
        for text in choices(field):
            if not _loads(options, parser, key, [text]):
                yield f"{of}: {option}={text}, which help lists, is refused; name choices as the field {key} loads them"


def _arrives(options: SchemaOptions, parser: Parser, key: str, value: Any, words: Sequence[str]) -> bool:
    found = _loads(options, parser, key, words)
    return bool(found) and bool(same(found[0], options.field(key).deserialize(value)))


def _loads(options: SchemaOptions, parser: Parser, key: str, words: Sequence[str]) -> list[Any]:
    """What the field loads of its option with these words; nothing where that is refused."""
    given = [f"{options.option(key)}={option_values.literal(each, options.metadata(key))}" for each in words]
    try:
        return [options.field(key).deserialize(options.config(parser.parse_words(given))[key])]
    except Exception:  # noqa: BLE001  # a plugin's field may raise anything
        return []


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


def methods_work(notifier: Notifier) -> Iterator[str]:
    """They can be called, and answer what they must."""
    yield from methods_can_be_called(notifier)
    yield from answers_are_right(notifier)


CLAIMS: Mapping[str, Callable[[Notifier], Iterator[str]]] = {
    **checks.CLAIMS,
    "methods": methods_work,
    "command line": the_command_line_can_be_made,
}
"""What is looked at → the claim."""
