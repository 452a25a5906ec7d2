"""The kinds of author and scope, as a listener has them. Authors are imported where a listener has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pulp_events.errors import InvalidConfig
from pulp_events.listeners.kinds import Kind, Text, shown
from pulp_events.system.scope_text import EXPECTED, is_scope

if TYPE_CHECKING:
    from pulp_events.listeners.author import Author


class AuthorKind(Kind):
    """The author of a listener."""

    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "of a user of an application"},
            "trusted": {"type": "boolean", "description": "whether they are an administrator of the machine"},
        },
        "required": ["name", "trusted"],
    }

    def load(self, name: str, value: Any) -> Author:
        from pulp_events.listeners.author import Author

        if isinstance(value, Author):
            return value.kept
        if not isinstance(value, Mapping) or value.keys() != {"name", "trusted"}:
            raise ValueError(f"{name} is {shown(value)}; it must have name and trusted, and nothing else")
        try:
            return Author(value["name"], value["trusted"])
        except InvalidConfig as error:
            raise ValueError(f"{name}: {error}") from None

    def dump(self, value: Author) -> dict[str, Any]:
        return {"name": value.name, "trusted": value.trusted}


class Scope(Text):
    """Whose events a listener gets."""

    def load(self, name: str, value: Any) -> str:
        text = super().load(name, value)
        if not is_scope(text):
            raise ValueError(f"{name} is {shown(text)}; it must be {EXPECTED}")
        return text


AUTHOR, SCOPE = AuthorKind(), Scope()
