"""One field of a notifier's configuration: its option, and its value as the server takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import click

from pulp_cli_events import values


class Shape(Enum):
    """What can be written for a field."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LIST = "array"
    MAPPING = "mapping"
    JSON = "json"


@dataclass(frozen=True)
class SchemaField:
    """A property of a JSON Schema."""

    key: str
    described: Mapping[str, Any]
    """With `$ref` resolved."""
    required: bool
    option: str
    """`--ca-path`."""
    parameter: str
    """Its name among the parameters of the command."""

    @property
    def secret(self) -> bool:
        """Whether it must not be shown."""
        return bool(self.described.get("writeOnly"))

    @property
    def group(self) -> str:
        """Title of its section of the help; empty for the first."""
        return _plain(self.described.get("x-group"))

    @property
    def shape(self) -> Shape:
        """What can be written for it."""
        kinds = _kinds(self.described)
        if kinds == {"boolean"}:
            return Shape.BOOLEAN
        if kinds == {"array"}:
            items = self.described.get("items")
            plain = not isinstance(items, Mapping) or not _kinds(items) & {"object", "array"}
            return Shape.LIST if plain else Shape.JSON
        if kinds == {"object"}:
            inner = self.described.get("additionalProperties")
            plain = isinstance(inner, Mapping) and not _kinds(inner) & {"object", "array"}
            return Shape.MAPPING if plain and not self.described.get("properties") else Shape.JSON
        if "string" in kinds:
            return Shape.TEXT
        if kinds and kinds <= {"integer", "number"}:
            return Shape.INTEGER if kinds == {"integer"} else Shape.NUMBER
        return Shape.JSON

    @property
    def repeated(self) -> bool:
        """Whether the option may be given several times."""
        return self.shape in (Shape.LIST, Shape.MAPPING)

    @property
    def choices(self) -> list[str]:
        """What it, or each item of it, may be; empty where that is not limited."""
        items = self.described.get("items")
        where = items if self.shape is Shape.LIST and isinstance(items, Mapping) else self.described
        found = where.get("enum", [where["const"]] if "const" in where else [])
        return [_written(each) for each in found if each is not None]

    def help(self, updating: bool) -> str:
        """The server's words, choices and default."""
        parts = [_plain(self.described.get("description") or self.described.get("title"))]
        if self.choices:
            parts.append(f"one of {', '.join(self.choices)}")
        default = self.described.get("default")
        if default not in (None, [], {}) and not updating and not self.secret:
            parts.append(f"default: {_written(default)}")
        if self.shape is Shape.LIST:
            parts.append("may be repeated" if self.secret else "separated by commas, or repeated")
        if self.shape is Shape.MAPPING:
            parts.append("may be repeated")
        if self.shape is Shape.JSON:
            parts.append("as JSON, or @FILE with it")
        if self.secret and self.shape is not Shape.JSON:
            parts.append(values.SECRET_HELP)
        return "; ".join(part for part in parts if part)

    def value(self, given: Any) -> Any:
        """What is sent for what was written; None where it was empty, which removes the key. Raises UsageError."""
        if given in ("", ("",)):
            return None
        shape = self.shape
        if shape is Shape.MAPPING:
            if len(given) == 1 and given[0].lstrip().startswith("{"):
                return values.structure(given[0], self.option)
            pairs = (values.pair(each, self.option) for each in given)
            return {key: self._one(text, self.described["additionalProperties"]) for key, text in pairs}
        if shape is Shape.LIST:
            return self._items(given)
        if shape is Shape.JSON:
            return values.structure(given, self.option)
        return given if shape is Shape.BOOLEAN else self._one(given, self.described)

    def _items(self, given: tuple[str, ...]) -> list[Any]:
        found: list[Any] = []
        for text in given:
            read = values.secret(text, self.option) if self.secret else text
            if (whole := values.array(read, self.option)) is not None:
                found += whole
            else:
                found += [self._one(part, self.described.get("items")) for part in self._split(text, read)]
        return found

    def _split(self, text: str, read: str) -> list[str]:
        if not self.secret:
            return [part.strip() for part in read.split(",") if part.strip()]
        # A secret may have commas of its own; a file has one in each line.
        from_file = text == "-" or text.startswith("@")
        return [line.strip() for line in read.splitlines() if line.strip()] if from_file else [read]

    def _one(self, text: str, described: Any) -> Any:
        if self.secret and self.shape is not Shape.LIST:
            text = values.secret(text, self.option)
        kinds = _kinds(described) if isinstance(described, Mapping) else {"string"}
        if self.choices and not self.secret and text not in self.choices:
            raise click.UsageError(f"{self.option}: '{text}' is not one of {', '.join(self.choices)}.")
        if "string" in kinds or not kinds:
            return text
        return _converted(text, kinds, self.option)


def _converted(text: str, kinds: set[str], option: str) -> Any:
    if "boolean" in kinds and text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return int(text)
    except ValueError:
        if "number" not in kinds:
            raise click.UsageError(f"{option}: '{text}' is not a whole number.") from None
    try:
        return float(text)
    except ValueError:
        raise click.UsageError(f"{option}: '{text}' is not a number.") from None


def _kinds(described: Mapping[str, Any]) -> set[str]:
    """The types of JSON that it may be, other than null; empty where anything goes."""
    kinds: set[str] = set()
    if "type" in described:
        named = described["type"]
        kinds = {named} if isinstance(named, str) else set(named)
    elif choices := described.get("enum", [described["const"]] if "const" in described else []):
        kinds = {_type_of(each) for each in choices}
    elif several := [each for each in described.get("anyOf", described.get("oneOf", ())) if isinstance(each, Mapping)]:
        kinds = {kind for each in several for kind in _kinds(each)}
        kinds = kinds or ({"string"} if all("format" in each or "pattern" in each for each in several) else set())
    elif "format" in described or "pattern" in described:
        kinds = {"string"}
    return kinds - {"null"}


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(_written, value))
    return _plain(value)


def _plain(text: Any) -> str:
    """One line that a terminal shows as it is: a notifier may come from anybody."""
    return "".join(each if each.isprintable() else " " for each in ("" if text is None else str(text))).strip()
