"""`GivenSettings`: settings that an application gives as a mapping, in place of a file or beside one."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pulp_events.errors import SettingsError

Scalar = str | int | float | bool | os.PathLike[str]
SettingsMapping = Mapping[str, Mapping[str, Scalar | Sequence[Scalar] | None]]
"""Sections → keys → values; None stands for the default."""

Text = str | list[str]
NAME = "settings"
"""What errors call a mapping: the argument of `EventBus.open`."""
_EXAMPLE = "{'delivery': {'lanes': 1}}"


@dataclass(frozen=True)
class Surroundings:
    """What a service needs in order to find the same settings, for the unit that is printed for it."""

    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that lead to them; no secrets."""
    reads: Sequence[Path] = ()
    """Files that it must be able to read."""
    user: str = ""
    """Who runs the application; empty: whoever owns the data folder."""
    command: Sequence[str] = ()
    """What stands for `pulp-admin event` in the application, such as `python manage.py pulp_events`; empty: that."""


class GivenSettings(Mapping[str, Mapping[str, Text | None]]):
    """Each value as server.conf would have it, so that both are checked alike; a list stays one."""

    def __init__(
        self,
        sections: Mapping[str, Mapping[str, Text | None]],
        base: Path | None,
        name: str = NAME,
        origin: str = "",
        places: Mapping[str, str] | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        self._sections = sections
        self.name = name
        """What errors call the mapping."""
        self.origin = origin
        """Where it was found, for people, such as a file; empty where the application itself gave it."""
        self._places = dict(places or {})
        self.surroundings: Surroundings = surroundings or Surroundings()
        """What leads to them."""
        self.base = base
        """Where relative paths begin: the folder that the process was in. None: that folder was deleted."""

    @classmethod
    def of(
        cls,
        settings: object,
        name: str = NAME,
        origin: str = "",
        places: Mapping[tuple[str, str], str] | None = None,
        surroundings: Surroundings | None = None,
    ) -> GivenSettings:
        """Raises SettingsError, which shows no value, for what is no mapping of sections to keys to values.

        `name`: what errors call the mapping, as its author does: `PULP_EVENTS`. `origin`: where it is, such as the file
        that it is in. `places`: (section, key) → what errors call a value that comes from elsewhere.
        """
        if isinstance(settings, GivenSettings):
            return settings
        if not isinstance(settings, Mapping):
            raise SettingsError(
                f"{name} is of type {type(settings).__name__}; give a mapping of sections, such as {_EXAMPLE}"
            )
        base = None
        with contextlib.suppress(OSError):  # an error where a path is relative
            base = Path.cwd()
        found = {_name(name, section): _section(name, section, keys) for section, keys in settings.items()}
        elsewhere = {f"{section} {key}": text for (section, key), text in (places or {}).items()}
        return cls(found, base, name, origin, elsewhere, surroundings)

    def place(self, section: str, key: str = "") -> str:
        """What errors call a section or key of the mapping."""
        return self._places.get(f"{section} {key}") or place(section, key, self.name)

    def dump(self) -> bytes:
        """For another process."""
        said = {"name": self.name, "origin": self.origin, "places": self._places}
        base = None if self.base is None else str(self.base)
        return json.dumps({"base": base, "sections": self._sections, **said}).encode()

    @classmethod
    def load(cls, text: bytes) -> GivenSettings:
        """What `dump` returned."""
        found = json.loads(text)
        base = None if found["base"] is None else Path(found["base"])
        return cls(found["sections"], base, found["name"], found["origin"], found["places"])

    def has(self, section: str, key: str) -> bool:
        """True if the mapping has a value for this key."""
        return self._sections.get(section, {}).get(key) is not None

    def without(self, left_out: Callable[[str, str], bool]) -> GivenSettings:
        """The same without the values of whose section and key this is true."""
        sections = {
            section: {key: value for key, value in keys.items() if not left_out(section, key)}
            for section, keys in self._sections.items()
        }
        return GivenSettings(sections, self.base, self.name, self.origin, self._places, self.surroundings)

    def over(self, text: Mapping[str, Mapping[str, Text]]) -> dict[str, dict[str, Text]]:
        """The sections of a file, with what is given here in place of what they say."""
        found: dict[str, dict[str, Text]] = {name: dict(keys) for name, keys in text.items()}
        for name, keys in self._sections.items():
            section = found.setdefault(name, {})
            for key, value in keys.items():
                if value is None:
                    section.pop(key, None)
                else:
                    section[key] = value
        return found

    def __getitem__(self, section: str) -> Mapping[str, Text | None]:
        return self._sections[section]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sections)

    def __len__(self) -> int:
        return len(self._sections)

    def __repr__(self) -> str:
        return f"GivenSettings({', '.join(self._sections)})"  # without values: there are secrets among them


def place(section: str, key: str = "", name: str = NAME) -> str:
    """What errors call a section or key of a mapping of this name."""
    return f"{name}[{section!r}]" + (f"[{key!r}]" if key else "")


def _name(name: str, section: object) -> str:
    if not isinstance(section, str):
        raise SettingsError(f"{name} has the key {section!r:.60}; its keys are sections, as in {_EXAMPLE}")
    return str(section)


def _section(name: str, section: str, keys: object) -> dict[str, Text | None]:
    if not isinstance(keys, Mapping):
        raise SettingsError(
            f"{place(section, name=name)} is of type {type(keys).__name__}; give a mapping of keys to values, as in "
            f"{_EXAMPLE}"
        )
    found: dict[str, Text | None] = {}
    for key, value in keys.items():
        if not isinstance(key, str):
            raise SettingsError(f"{place(section, name=name)} has the key {key!r:.60}; write the name of a setting")
        found[str(key)] = _value(name, section, key, value)
    return found


def _value(name: str, section: str, key: str, value: object) -> Text | None:
    if value is None:
        return None
    if isinstance(value, list | tuple):
        return [_scalar(name, section, key, each) for each in value]
    return _scalar(name, section, key, value)


def _scalar(name: str, section: str, key: str, value: object) -> str:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float) and math.isfinite(value):
        text = repr(float(value))
        return f"{value:.12f}".rstrip("0") if "e" in text else text
    kind = repr(value) if isinstance(value, float) else f"of type {type(value).__name__}"
    raise SettingsError(
        f"{place(section, key, name)} is {kind}; give text, a number, True or False, or a list of these"
    )
