"""What a listener is called: its name, its description and its labels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pulp_events.frozen import FrozenDict
from pulp_events.listeners.kinds import Kind, Text, shown

LONGEST = 64
"""Characters of a name, or of the key of a label."""
LONGEST_VALUE = 200
"""Characters of the value of a label."""
LONGEST_DESCRIPTION = 1000
MOST_LABELS = 32

_WORD = r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"
_ID = r"[0-9A-Fa-f]{24}"
_CONTROLS = r"[\x00-\x1f\x7f-\x9f]"


class Name(Text):
    """A name that can be typed, and is no id: where a command takes either, it can be told which one is meant."""

    def load(self, name: str, value: Any) -> str:
        text = _word(name, super().load(name, value))
        if re.fullmatch(_ID, text):
            raise ValueError(f"{name} is {shown(text)}, which looks like an id; choose one that is not 24 hex digits")
        return text


class Prose(Text):
    """A text for people; it may have several lines."""

    def load(self, name: str, value: Any) -> str:
        text = super().load(name, value)
        if len(text) > LONGEST_DESCRIPTION:
            raise ValueError(f"{name} has {len(text)} characters; at most {LONGEST_DESCRIPTION} are possible")
        if re.search(_CONTROLS, text.replace("\n", " ").replace("\t", " ")):
            raise ValueError(f"{name} is {shown(text)}; it must not have control characters")
        return text


class Labels(Kind):
    """Keys with values: both are text."""

    schema = {"type": "object", "additionalProperties": {"type": "string"}}

    def load(self, name: str, value: Any) -> FrozenDict:
        if not isinstance(value, Mapping):
            raise ValueError(f"{name} is {shown(value)}; it must be a mapping of keys to values, such as team: ops")
        if len(value) > MOST_LABELS:
            raise ValueError(f"{name} has {len(value)} labels; at most {MOST_LABELS} are possible")
        return FrozenDict({_word(f"a key of {name}", key): _value(name, key, each) for key, each in value.items()})

    def dump(self, value: Mapping[str, str]) -> dict[str, str]:
        return dict(value)


NAME, PROSE, LABELS = Name(), Prose(), Labels()


def _word(what: str, text: Any) -> str:
    if not isinstance(text, str):
        raise ValueError(f"{what} is {shown(text)}; it must be text")
    if len(text) > LONGEST:
        raise ValueError(f"{what} has {len(text)} characters; at most {LONGEST} are possible")
    if not re.fullmatch(_WORD, text):
        raise ValueError(f"{what} is {shown(text)}; it may have ASCII letters, digits and, between these, . _ and -")
    return text


def _value(name: str, key: Any, text: Any) -> str:
    if not isinstance(text, str) or not text:
        raise ValueError(f"{name}: the value of {shown(key)} is {shown(text)}; it must be text that is not empty")
    if len(text) > LONGEST_VALUE:
        raise ValueError(
            f"{name}: the value of {shown(key)} has {len(text)} characters; at most {LONGEST_VALUE} are possible"
        )
    if re.search(_CONTROLS, text):
        raise ValueError(f"{name}: the value of {shown(key)} must not have control characters")
    return text
