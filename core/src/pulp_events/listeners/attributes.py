"""What is said of an attribute of a listener, once, where `Listener` has it; all that takes or shows one is made of it.

An attribute is a field of `Listener` that may hold a default and is then left out of the record:

    lanes: int | None = attribute(
        Number(64),
        "maximum number of concurrent deliveries, if it has its own",
        option=Option("NUMBER", "maximum number of concurrent deliveries; 1 keeps their order"),
        in_file=InFile("maximum number of concurrent deliveries"),
    )

By that it is stored and checked (`document.py`), and taken by `bus.listeners.create`, `update`, `check` and `together`
(`making.py`). In the CLI it is an option of `create` and `update` with help, manual page and completion, shown by
`list` and `show`, printed by `--json`, named in its schema, exported, compared and applied. What it *does* is not here.

Special, and spelt where they are:

- `enabled`: `create` takes it and files have it, but `update` does not: `enable` and `disable` change it, since
  deliveries that wait hang on it. Files say it, and `apply` makes it so by these two.
- `disabled_reason`, and what is in `muting.MUTE`: set by `disable`, `mute` and `unmute`, which have commands of their
  own; a mute that has ended is not shown. They are of the moment, so files have none of them.
- What every record has and no default fits (id, notifier type and configuration, event types, targets, times).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any, NamedTuple

from pulp_events.listeners.kinds import Kind

_KEY = "attribute"


class Option(NamedTuple):
    """How `create` and `update` take an attribute: in Python by its name, in the CLI as an option."""

    metavar: str
    help: str
    name: str = ""
    """Of the option, without `--`, where it is not that of the attribute."""


class InFile(NamedTuple):
    """How a file of listeners has an attribute."""

    meaning: str
    """For the schema of what `export` prints."""
    since: int = 1
    """Version of the file that has it first; one that has none of a later version is written as of the earlier one."""


class Attribute(NamedTuple):
    """One attribute. Its name and type are those of the field that it describes."""

    kind: Kind
    meaning: str
    """For the schema of what `--json` prints."""
    default: Any
    """What the record need not say; None stands for "not set", and JSON then has null."""
    option: Option | None
    """None: it is changed by commands of its own."""
    in_file: InFile | None
    """None: files of listeners do not have it."""


def attribute(
    kind: Kind, meaning: str, *, default: Any = None, option: Option | None = None, in_file: InFile | None = None
) -> Any:
    """The field of `Listener` for an attribute."""
    described = Attribute(kind, meaning, default, option, in_file)
    return field(default=default, metadata={_KEY: described})


def attributes_of(record: type) -> Mapping[str, Attribute]:
    """Name → attribute, in the order of the fields."""
    return {each.name: each.metadata[_KEY] for each in fields(record) if _KEY in each.metadata}
