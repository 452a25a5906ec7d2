"""The fields of a listener's own attributes, made from their table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pulp_events import Listener
from pulp_events.errors import InvalidConfig
from pulp_events.fields import format_duration, parse_duration
from pulp_events.listeners.actor import NOT_THEIRS
from pulp_events.listeners.listener import OPTIONS
from pulp_events_web.console.forms.field import Field
from pulp_events_web.console.forms.wording import sentence

EVENT_TYPES = "event_types"


def _words(text: str) -> list[str]:
    return [each for line in text.splitlines() for each in line.replace(",", " ").split()]


def _labels(text: str) -> dict[str, str]:
    found = {}
    for line in filter(None, (each.strip() for each in text.splitlines())):
        key, equals, value = line.partition("=")
        if not equals:
            raise ValueError(f"{line[:60]!r} is not KEY=VALUE; write for example team=ops.")
        found[key.strip()] = value.strip()
    return found


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError:
        raise ValueError(f"{text[:60]!r} is not a duration; write for example 30s, 15m or 2h.") from None


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text[:60]!r} is not a whole number.") from None


@dataclass(frozen=True)
class Wording:
    """How an attribute is typed and written."""

    kind: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]
    example: str = ""


_TEXT = Wording("text", str, str)
_DURATION = Wording("text", _duration, format_duration, "15m")
WORDINGS: Mapping[str, Wording] = {
    "description": Wording("prose", str, str),
    "labels": Wording(
        "lines", _labels, lambda found: "\n".join(f"{key}={value}" for key, value in found.items()), "team=ops"
    ),
    "retry_schedule": Wording(
        "text",
        lambda text: [_duration(each.strip()) for each in text.split(",") if each.strip()],
        lambda found: ", ".join(map(format_duration, found)),
        "5s, 5m, 1h",
    ),
    "lanes": Wording("number", _number, str),
    "timeout": _DURATION,
    "expires": _DURATION,
}
"""Those that are not typed as they are stored."""
HELP = {
    "name": "What lists and messages call it; no other listener may have it.",
    "labels": "One KEY=VALUE in each line.",
}
"""Where that of the command line does not fit."""
FIRST = ("name", "description", "labels", "filter")
"""The others are seldom needed, and stand in a part of their own."""


def names(trusted: bool) -> list[str]:
    """Attributes that are offered: who is not trusted may not set all, nor say whose events a listener hears."""
    return [name for name in OPTIONS if trusted or name not in ("scope", *NOT_THEIRS)]


def fields(listener: Listener | None, typed: Mapping[str, str] | None, trusted: bool) -> list[Field]:
    """As they are shown."""
    found = [
        Field(
            EVENT_TYPES,
            "event types",
            "lines",
            "Names or patterns, one in each line: * stands for one word, # for any number of words.",
            required=True,
            value=_shown(EVENT_TYPES, typed, "" if listener is None else "\n".join(listener.event_types)),
            example="repo.sync.*",
        )
    ]
    for name in names(trusted):
        option, wording = OPTIONS[name].option, WORDINGS.get(name, _TEXT)
        assert option is not None
        stored = None if listener is None else getattr(listener, name)
        found.append(
            Field(
                name,
                name.replace("_", " "),
                wording.kind,
                HELP.get(name) or sentence(option.help),
                value=_shown(name, typed, "" if stored is None else wording.write(stored)),
                example=wording.example,
                group="" if name in FIRST else "Delivery",
            )
        )
    return found


def _shown(name: str, typed: Mapping[str, str] | None, stored: str) -> str:
    return stored if typed is None else typed.get(name, "")


def read(typed: Mapping[str, str], trusted: bool) -> tuple[list[str], dict[str, Any], dict[str, list[str]]]:
    """Event types, options of `create` and `update` (None: not set), and what is wrong, by name."""
    options: dict[str, Any] = {}
    faults: dict[str, list[str]] = {}
    event_types = _words(typed.get(EVENT_TYPES, ""))
    if not event_types:
        faults[EVENT_TYPES] = ["Give at least one event type, or # for all."]
    for name in names(trusted):
        text = typed.get(name, "").replace("\r\n", "\n").strip()
        if not text:
            options[name] = {} if name == "labels" else None
            continue
        try:
            value = WORDINGS.get(name, _TEXT).read(text)
            OPTIONS[name].kind.given(name, value)
            options[name] = value
        except (ValueError, InvalidConfig) as error:
            faults[name] = [str(error)]
    return event_types, options, faults
