"""`Settings`: the validated sections of server.conf."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError

from pulp_events.errors import SettingsError
from pulp_events.fields import messages
from pulp_events.secrets import Scrubber, is_secret, mask_passwords
from pulp_events.settings import server_conf
from pulp_events.settings.sections import CORE_SECTIONS, data_path
from pulp_events.suggestion import did_you_mean


class Settings:
    """Sections by name; each is a mapping of keys to validated values, defaults filled in.

    Sections that neither core nor a plugin declares are left alone: a real server.conf has many.
    """

    def __init__(self, path: Path | None, schemas: Mapping[str, type[Schema]], text: Mapping[str, Mapping[str, str]]):
        self.path = path
        self.schemas = dict(schemas)
        self._text = text
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
        """Values of one section as the schema loads them; empty for one that nobody declared."""
        return self._values.get(name, {})

    def raw_section(self, name: str) -> Mapping[str, str]:
        """What the file says in a section, whether declared or not: key → text."""
        return self._text.get(name, {})

    def is_set(self, section: str, key: str) -> bool:
        """True if the file sets the key, False if its default holds."""
        return key in self._text.get(section, {})

    def __iter__(self) -> Iterator[str]:
        return iter(self.schemas)

    @property
    def data_dir(self) -> Path:
        """`[events] data_dir`."""
        return data_path(self.section("events")["data_dir"])

    def _load(self, section: str) -> Mapping[str, Any]:
        schema = self.schemas[section]()
        given = self._text.get(section, {})
        try:
            loaded = schema.load(given)
        except ValidationError as error:
            raise SettingsError(self._explain(section, schema, given, error)) from None
        return dict(loaded)

    def _explain(self, section: str, schema: Schema, given: Mapping[str, str], error: ValidationError) -> str:
        known = {field.data_key or name: field for name, field in schema.fields.items()}
        key, message = next(iter(messages(error.messages)))
        place = f"{self.path or 'server.conf (there is none)'}, section [{section}]"
        key = key if key in given else key.split(".")[0]
        hidden = is_secret(schema, key)
        if key and key not in known:
            value = "(hidden)" if hidden else mask_passwords(repr(given.get(key)))
            return (
                f"{place}, key {key} = {value}: unknown key{did_you_mean(key, known)}; known keys: {', '.join(known)}"
            )
        if key and key in given:
            value = "(secret)" if hidden else mask_passwords(repr(given[key]))
            message = Scrubber([given[key]])(message) if hidden else message
            return f"{place}, key {key} = {value}: {message}"
        return f"{place}{f', key {key}' if key else ''}: {message}"
