"""How attributes of listeners are written and shown here, by kind. Which there are is said in core, in `Listener`.

A new attribute of a kind that is here needs nothing in the CLI. A new kind needs its form.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from marshmallow import ValidationError, fields

from pulp_events.fields import Duration, format_duration
from pulp_events.listeners.author_kinds import AUTHOR, AuthorKind
from pulp_events.listeners.kinds import Durations, Flag, Kind, Moment, Number, Seconds, Text
from pulp_events.listeners.listener import ATTRIBUTES, OPTIONS, Listener
from pulp_events.listeners.naming import Labels, Prose
from pulp_events.visible import one_line
from pulp_events_cli.errors import UsageError
from pulp_events_cli.parser.argument_types import duration, durations, label, positive, truth

IN_FILE = {name: each for name, each in ATTRIBUTES.items() if each.in_file}
"""Those that a file of listeners has."""
SINCE = {name: each.in_file.since for name, each in IN_FILE.items() if each.in_file}
"""The version of the file that has each first."""


def _same(value: Any) -> Any:
    return value


class Form(NamedTuple):
    """What a kind of values is to people and in files of listeners."""

    argument: Callable[[str], Any] | None = None
    """Reads the value of an option, which is not empty; raises ArgumentTypeError."""
    field: Callable[..., fields.Field[Any]] | None = None
    """Reads what a file has, as JSON has it in the record: a marshmallow field, made with its own arguments."""
    written: Callable[[Any], Any] = _same
    """What a file has."""
    schema: Mapping[str, Any] | None = None
    """What a file has, by JSON Schema, where that is another type than `--json` prints."""
    shown: Callable[[Any], Any] = _same
    """What people see."""
    gather: Callable[[str, list[Any]], Any] | None = None
    """Of an option that may be repeated: makes one value of those that were read. Called with the option's name."""


def _as_durations(steps: Sequence[float]) -> list[str]:
    return [format_duration(step) for step in steps]


def _as_labels(option: str, pairs: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in pairs:
        if key in found:
            raise UsageError(f"{option}: the key {key!r:.60} is given twice; a listener has one value for each key")
        found[key] = value
    return found


def labels_text(labels: Mapping[str, str | None]) -> str:
    """Labels as they are written on a command line, separated by commas."""
    return ", ".join(key if value is None else f"{key}={value}" for key, value in labels.items())


class AuthorField(fields.Field[Mapping[str, Any]]):
    """Who made a listener, in a file: `{name: alice, trusted: false}`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Mapping[str, Any]:
        try:
            return AUTHOR.dump(AUTHOR.load("it", value))
        except ValueError as error:
            raise ValidationError(f"{error}.") from None


_FORMS: Mapping[type[Kind], Form] = {
    Text: Form(str, fields.String),
    Prose: Form(str, fields.String, shown=one_line),
    Flag: Form(truth, partial(fields.Boolean, truthy={True}, falsy={False})),
    Number: Form(positive, partial(fields.Integer, strict=True)),
    Seconds: Form(duration, Duration, format_duration, {"type": "string"}, format_duration),
    Labels: Form(label, partial(fields.Dict, fields.String(), fields.String()), dict, None, labels_text, _as_labels),
    Durations: Form(
        lambda text: durations(text) or None,
        partial(fields.List, Duration()),
        _as_durations,
        {"type": "array", "items": {"type": "string"}},
        lambda steps: ", ".join(_as_durations(steps)) or "no retries",
    ),
    AuthorKind: Form(field=AuthorField, written=AUTHOR.dump, shown=lambda value: str(AUTHOR.load("author", value))),
    Moment: Form(),  # set by commands of their own
}


def _form(kind: Kind) -> Form:
    return next(_FORMS[each] for each in type(kind).__mro__ if each in _FORMS)


def option(name: str) -> str:
    """The option for an attribute: `--retry-schedule`."""
    said = OPTIONS[name].option
    return f"--{said.name if said and said.name else name.replace('_', '-')}"


def add_options(group: Any) -> None:
    """Add the options of `create` and `update`, in the order of their names."""
    for name, each in sorted(OPTIONS.items(), key=lambda found: option(found[0])):
        if each.option is not None:
            group.add_argument(
                option(name),
                dest=_destination(name),
                type=_reader(each.kind),
                action="append" if _form(each.kind).gather else "store",
                default=argparse.SUPPRESS,
                metavar=each.option.metavar,
                help=each.option.help.replace("%", "%%"),  # argparse takes % for a placeholder
            )


def options(arguments: argparse.Namespace, *, new: bool = False) -> dict[str, Any]:
    """What a command line says of attributes; None for what is to be removed. Raises UsageError, of a `new` listener
    also for a scope that is empty."""
    given = vars(arguments)
    found = {
        name: _gathered(name, each.kind, given[_destination(name)])
        for name, each in OPTIONS.items()
        if _destination(name) in given
    }
    if new and found.get("scope", "") is None:  # as of a variable that is not set: it would get everybody's events
        raise UsageError(f"{option('scope')} is empty; give the scope, or leave it out for events of every scope")
    return found


def _gathered(name: str, kind: Kind, value: Any) -> Any:
    gather = _form(kind).gather
    if gather is None:
        return value
    given = [each for each in value if each is not None]
    return gather(option(name), given) if given else None


def _destination(name: str) -> str:
    return f"attribute:{name}"


def _reader(kind: Kind) -> Callable[[str], Any]:
    argument = _form(kind).argument
    assert argument is not None, f"{type(kind).__name__} has no form on the command line"
    return lambda text: argument(text) if text else None


def shown(listener: Listener) -> dict[str, Any]:
    """What people see of those that do not hold their default."""
    found = ((name, getattr(listener, name)) for name in ATTRIBUTES)
    return {name: in_words(name, value) for name, value in found if value != ATTRIBUTES[name].default}


def in_words(name: str, value: Any) -> Any:
    """What people see of a value that is not the default; it may be as JSON has it."""
    return _form(ATTRIBUTES[name].kind).shown(value)


def in_json(listener: Listener) -> dict[str, Any]:
    """All of them as `--json` prints them."""
    found = ((name, each, getattr(listener, name)) for name, each in ATTRIBUTES.items())
    return {name: None if value is None else each.kind.dump(value) for name, each, value in found}


def written(listener: Listener) -> dict[str, Any]:
    """What a file has of those that do not hold their default."""
    found = ((name, each, getattr(listener, name)) for name, each in IN_FILE.items())
    return {name: _form(each.kind).written(value) for name, each, value in found if value != each.default}


def fields_of_file() -> dict[str, fields.Field[Any]]:
    """Marshmallow fields that read them in a file."""
    found = {}
    for name, each in IN_FILE.items():
        make = _form(each.kind).field
        assert make is not None, f"{type(each.kind).__name__} has no form in a file"
        found[name] = make(allow_none=each.default is None, load_default=each.default)
    return found


def schemas() -> dict[str, dict[str, Any]]:
    """What `--json` prints for each, by JSON Schema."""
    return {
        name: _described(each.kind.schema, each.meaning, nullable=each.default is None)
        for name, each in ATTRIBUTES.items()
    }


def schemas_in_file() -> dict[str, dict[str, Any]]:
    """What a file has for each, by JSON Schema."""
    return {
        name: _described(_form(each.kind).schema or each.kind.schema, each.in_file.meaning, nullable=False)
        for name, each in IN_FILE.items()
        if each.in_file
    }


def _described(schema: Mapping[str, Any], meaning: str, nullable: bool) -> dict[str, Any]:
    kind = [schema["type"], "null"] if nullable else schema["type"]
    return {"type": kind, "description": meaning, **{key: each for key, each in schema.items() if key != "type"}}
