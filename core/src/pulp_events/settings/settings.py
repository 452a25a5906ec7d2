"""`Settings`: the validated sections of server.conf."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError

from pulp_events.errors import EventsError, SettingsError
from pulp_events.fields import messages
from pulp_events.secrets import Scrubber, is_secret, mask_message, mask_value, resolve
from pulp_events.settings import server_conf
from pulp_events.settings.paths import NAME_A_DATA_DIR, absolute
from pulp_events.settings.sections import CORE_SECTIONS
from pulp_events.system import guard
from pulp_events.system.suggestion import did_you_mean

_REFERENCE = re.compile(r"(?P<kind>env):(?P<name>[A-Za-z_]\w*)|file:(?P<path>(?!//)\S.*)")
"""A scheme of URLs is none."""


class Settings:
    """Sections by name; each is a mapping of keys to validated values, defaults filled in.

    Sections that neither core nor a plugin declares are left alone: a real server.conf has many.
    """

    def __init__(self, path: Path | None, schemas: Mapping[str, type[Schema]], text: Mapping[str, Mapping[str, str]]):
        self.path = path
        self.schemas = dict(schemas)
        self._text = text
        self._base = _base(path)
        self._references: dict[str, dict[str, dict[str, str]]] = {}
        self._values = {name: self._load(name) for name in self.schemas}

    @classmethod
    def load(
        cls, path: str | Path | None = None, plugin_sections: Mapping[str, type[Schema]] | None = None
    ) -> Settings:
        """Read and validate server.conf (see `server_conf.locate` for which one).

        Raises SettingsError, which names file, section, key, value and what would be right, for the first mistake.
        """
        found = server_conf.locate(path)
        return cls(found, {**CORE_SECTIONS, **(plugin_sections or {})}, server_conf.read(found))

    def section(self, name: str) -> Mapping[str, Any]:
        """Values of one section as the schema loads them; empty for one that nobody declared.

        A secret that is `env:NAME` or `file:PATH` is read now. Raises SettingsError where it cannot be.
        """
        values = self.section_as_written(name)
        if not (references := self._references.get(name)):
            return values
        place = self._place(name)
        return {**values, **{key: resolve(found, f"{place}, key {key}") for key, found in references.items()}}

    def section_as_written(self, name: str) -> Mapping[str, Any]:
        """The same, but a secret that is a reference is its text."""
        return self._values.get(name, {})

    def is_set(self, section: str, key: str) -> bool:
        """True if the file sets the key, False if its default holds."""
        return key in self._text.get(section, {})

    def __iter__(self) -> Iterator[str]:
        return iter(self.schemas)

    @property
    def data_dir(self) -> Path:
        """`[events] data_dir`, absolute. Raises SettingsError where it stands for no folder."""
        return absolute(self.section("events")["data_dir"], self._base, remedy=NAME_A_DATA_DIR)

    def file(self, section: str, key: str, text: str) -> Path:
        """A path that a key of a section names, absolute: a relative one begins at the folder of server.conf.

        Raises SettingsError where it has a `~` that stands for nothing.
        """
        return absolute(text, self._base, place=f"{self._place(section)}, key {key} =")

    def _place(self, section: str) -> str:
        return f"{self.path or 'server.conf (there is none)'}, section [{section}]"

    def _load(self, section: str) -> Mapping[str, Any]:
        schema = self.schemas[section]()
        given = self._text.get(section, {})
        self._references[section] = self._find_references(section, schema, given)
        try:
            with guard.exits():
                loaded = schema.load(given)
        except ValidationError as error:
            raise SettingsError(self._explain(section, schema, given, error)) from None
        except EventsError as error:
            if not isinstance(error, guard.RaisedExit):
                raise
            raise SettingsError(f"{self._place(section)}: the schema of its plugin is broken: {error}") from error
        except Exception as error:
            reason = f"it raised {type(error).__name__}"  # its text may hold any value of the section
            raise SettingsError(f"{self._place(section)}: the schema of its plugin is broken: {reason}") from error
        return dict(loaded)

    def _find_references(self, section: str, schema: Schema, given: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """Secrets that are to be read elsewhere; raises SettingsError for another value that looks as if it were."""
        known = {field.data_key or name: field for name, field in schema.fields.items()}
        found: dict[str, dict[str, str]] = {}
        for key, text in given.items():
            if key not in known or not (reference := _REFERENCE.fullmatch(text)):
                continue
            if not known[key].metadata.get("secret"):
                raise SettingsError(
                    f"{self._place(section)}, key {key} = {text!r}: only secrets are read from the environment or a "
                    "file; write the value itself"
                )
            if known[key].metadata.get("resolved", True):
                found[known[key].attribute or str(known[key].name)] = (
                    {"$env": reference["name"]}
                    if reference["kind"]
                    else {"$file": str(self.file(section, key, reference["path"]))}
                )
        return found

    def _explain(self, section: str, schema: Schema, given: Mapping[str, str], error: ValidationError) -> str:
        known = {field.data_key or name: field for name, field in schema.fields.items()}
        key, message = next(iter(messages(error.messages)))
        place = self._place(section)
        key = key if key in given else key.split(".")[0]
        hidden = is_secret(schema, key)
        if key and key not in known:
            value = "(hidden)" if hidden else mask_value(given.get(key))
            return (
                f"{place}, key {key} = {value}: unknown key{did_you_mean(key, known)}; known keys: {', '.join(known)}"
            )
        if key and key in given:
            value = "(secret)" if hidden else mask_value(given[key])
            message = Scrubber([given[key]])(message) if hidden else message
            message = mask_message(message, given[key], secret=hidden)
            return f"{place}, key {key} = {value}: {message}"
        return f"{place}{f', key {key}' if key else ''}: {message}"


def _base(path: Path | None) -> Path | None:
    """Where relative paths begin: the folder of the file; for a pipe, and without a file, that of the process now."""
    if path is not None and not (path.exists() and not path.is_file()):
        return path.absolute().parent
    with contextlib.suppress(OSError):  # it was deleted: an error where a path is relative
        return Path.cwd()
    return None
