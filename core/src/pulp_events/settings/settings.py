"""`Settings`: the validated sections of server.conf."""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marshmallow import Schema, ValidationError

from pulp_events.errors import EventsError, SettingsError
from pulp_events.fields import messages
from pulp_events.secrets import Scrubber, is_secret, mask_message, mask_value, resolve
from pulp_events.settings import environment, misread, server_conf
from pulp_events.settings.paths import NAME_A_DATA_DIR, absolute
from pulp_events.settings.renamed import carry_over
from pulp_events.settings.sections import CORE_SECTIONS
from pulp_events.system import guard
from pulp_events.system.logs import get_logger
from pulp_events.system.suggestion import did_you_mean

if TYPE_CHECKING:
    from pulp_events.settings.given import GivenSettings, Text
    from pulp_events.settings.origin import Origin

_REFERENCE = re.compile(r"(?P<kind>env):(?P<name>[A-Za-z_]\w*)|file:(?P<path>(?!//)\S.*)")
"""A scheme of URLs is none."""

_logger = get_logger(__name__)


class Settings:
    """Sections by name; each is a mapping of keys to validated values, defaults filled in.

    Sections that neither core nor a plugin declares are left alone: a real server.conf has many.
    """

    def __init__(
        self,
        path: Path | None,
        schemas: Mapping[str, type[Schema]],
        text: Mapping[str, Mapping[str, str]],
        given: GivenSettings | None = None,
        variables: GivenSettings | None = None,
        lines: server_conf.Lines | None = None,
    ) -> None:
        """`text`: of the file, whose `lines` are only told of; what `variables` say counts more, `given` most."""
        self.path = path
        self.schemas: dict[str, type[Schema]] = dict(schemas)
        self.given = given
        """What the application gave as a mapping; None where it gave none."""
        self.variables = variables
        """What environment variables say; None where there are none."""
        self._lines = lines or {}
        self._layers = [layer for layer in (given, variables) if layer is not None]
        self._text: Mapping[str, Mapping[str, Text]] = text
        for layer in reversed(self._layers):
            self._text = layer.over(self._text)
        self._base = _base(path)
        self._references: dict[str, dict[str, dict[str, str]]] = {}
        self._data_dir: Path | None = None
        self._values = {name: self._load(name) for name in self.schemas}

    @classmethod
    def load(
        cls,
        path: str | Path | None = None,
        plugin_sections: Mapping[str, type[Schema]] | None = None,
        given: object = None,
    ) -> Settings:
        """Read and validate what is `given`, the environment, and server.conf (see `server_conf.locate` for which one).

        `given`: a mapping of sections to keys to values. No file is read then unless `path` names one. Each key of the
        mapping replaces that of the environment, and that replaces the file's.

        Raises SettingsError, which names the place, the value and what would be right, for the first mistake.
        """
        schemas = {**CORE_SECTIONS, **(plugin_sections or {})}
        own = None
        if given is not None:
            from pulp_events.settings.given import GivenSettings

            own = GivenSettings.of(given)
        found = None if own is not None and path is None else server_conf.locate(path)
        content = server_conf.content(found)
        text, lines = server_conf.parse(content, found), server_conf.line_numbers(content)
        # All that is there was meant for us; a plugin that is broken or absent stops nobody.
        unknown = [] if own is None else [(own.place(each), each) for each in own if each not in schemas]
        for place, section in unknown:
            _logger.warning("%s: no such section%s; it is ignored", place, did_you_mean(section, schemas))
        return cls(found, schemas, text, own, environment.read(schemas), lines)

    def but(self, section: str, **values: Any) -> Settings:
        """The same settings with other values for these keys of a section, as its schema loads them."""
        made = copy.copy(self)
        made._values = {**self._values, section: {**self._values.get(section, {}), **values}}
        return made

    def section(self, name: str) -> Mapping[str, Any]:
        """Values of one section as the schema loads them; empty for one that nobody declared.

        A secret that is `env:NAME` or `file:PATH` is read now. Raises SettingsError where it cannot be.
        """
        values = self.section_as_written(name)
        if not (references := self._references.get(name)):
            return values
        return {**values, **{key: resolve(found, self.where(name, key)) for key, found in references.items()}}

    def section_as_written(self, name: str) -> Mapping[str, Any]:
        """The same, but a secret that is a reference is its text."""
        return self._values.get(name, {})

    def is_set(self, section: str, key: str) -> bool:
        """True if the file, the environment or the application sets the key, False if its default holds."""
        return key in self._text.get(section, {})

    def origin(self, section: str, key: str) -> Origin:
        """Where the value of a key is from."""
        from pulp_events.settings.origin import Kind, Origin

        if (layer := self._layer(section, key)) is not None:
            kind = Kind.ARGUMENT if layer is self.given else Kind.ENVIRONMENT
            return Origin(kind, layer.place(section, key))
        if not self.is_set(section, key):
            return Origin(Kind.DEFAULT)
        line = self._lines.get((section, key))
        return Origin(Kind.FILE, f"{self.path}:{line}" if line else f"{self.path}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.schemas)

    @property
    def data_dir(self) -> Path:
        """The folder that `work_in` named, else `[events] data_dir`, absolute. Raises SettingsError where it stands for
        no folder."""
        if self._data_dir is not None:
            return self._data_dir
        return absolute(self.section("events")["data_dir"], self._base_of("events", "data_dir"), remedy=NAME_A_DATA_DIR)

    def work_in(self, folder: Path) -> None:
        """Let this be the data folder, for hooks too: the application named it when it opened the bus."""
        self._data_dir = folder

    def file(self, section: str, key: str, text: str) -> Path:
        """A path that a key of a section names, absolute: a relative one begins at the folder of server.conf.

        One that the application gave begins at the folder that its process was in. Raises SettingsError where it has a
        `~` that stands for nothing.
        """
        return absolute(text, self._base_of(section, key), place=f"{self.where(section, key)} =")

    def where(self, section: str, key: str = "") -> str:
        """What an error calls a section, or a key of it: the place where it is set, or would be."""
        if (given := self._given_place(section, key)) is not None:
            return given
        place = f"{self.path or 'server.conf (there is none)'}, section [{section}]"
        return f"{place}, key {key}" if key else place

    def called(self, section: str, key: str) -> str:
        """The same for people who are to learn of no file of this machine: `[untrusted] rate`."""
        return self._given_place(section, key) or f"[{section}] {key}"

    def _given_place(self, section: str, key: str) -> str | None:
        if (layer := self._layer(section, key)) is not None:
            return layer.place(section, key)
        return self.given.place(section, key) if self.given is not None and self.path is None else None

    def _base_of(self, section: str, key: str) -> Path | None:
        layer = self._layer(section, key)
        return self._base if layer is None else layer.base

    def _layer(self, section: str, key: str) -> GivenSettings | None:
        """What says the key in place of the file."""
        return next((each for each in self._layers if each.has(section, key)), None)

    def _load(self, section: str) -> Mapping[str, Any]:
        schema = self.schemas[section]()
        given = self._text.get(section, {})
        if wrong := misread.first(schema, given, lambda key: self._layer(section, key) is None):
            raise SettingsError(f"{self.where(section, wrong[0])} {wrong[1]}")
        self._references[section] = self._find_references(section, schema, given)
        try:
            with guard.exits():
                loaded = schema.load(given)
        except ValidationError as error:
            raise SettingsError(self._explain(section, schema, given, error)) from None
        except EventsError as error:
            if not isinstance(error, guard.RaisedExit):
                raise
            raise SettingsError(f"{self.where(section)}: the schema of its plugin is broken: {error}") from error
        except Exception as error:
            reason = f"it raised {type(error).__name__}"  # its text may hold any value of the section
            raise SettingsError(f"{self.where(section)}: the schema of its plugin is broken: {reason}") from error
        values = dict(loaded)
        carry_over(schema, given.keys(), [values, self._references[section]], partial(self.where, section))
        return values

    def _find_references(self, section: str, schema: Schema, given: Mapping[str, Text]) -> dict[str, dict[str, str]]:
        """Secrets that are to be read elsewhere; raises SettingsError for another value that looks as if it were."""
        known = {field.data_key or name: field for name, field in schema.fields.items()}
        found: dict[str, dict[str, str]] = {}
        for key, text in given.items():
            if key not in known or not isinstance(text, str) or not (reference := _REFERENCE.fullmatch(text)):
                continue
            if not known[key].metadata.get("secret"):
                raise SettingsError(
                    f"{self.where(section, key)} = {text!r}: only secrets are read from the environment or a "
                    "file; write the value itself"
                )
            if known[key].metadata.get("resolved", True):
                found[known[key].attribute or str(known[key].name)] = (
                    {"$env": reference["name"]}
                    if reference["kind"]
                    else {"$file": str(self.file(section, key, reference["path"]))}
                )
        return found

    def _explain(self, section: str, schema: Schema, given: Mapping[str, Text], error: ValidationError) -> str:
        known = {field.data_key or name: field for name, field in schema.fields.items()}
        key, message = next(iter(messages(error.messages)))
        key = key if key in given else key.split(".")[0]
        hidden = is_secret(schema, key)
        if key and key not in known:
            value = "(hidden)" if hidden else mask_value(given.get(key))
            return (
                f"{self.where(section, key)} = {value}: unknown key{did_you_mean(key, known)}; known keys: "
                f"{', '.join(known)}"
            )
        if key and key in given:
            value = "(secret)" if hidden else mask_value(given[key])
            for text in [given[key]] if isinstance(given[key], str) else given[key]:
                message = Scrubber([text])(message) if hidden else message
                message = mask_message(message, text, secret=hidden)
            return f"{self.where(section, key)} = {value}: {message}{misread.hint(given[key])}"
        return f"{self.where(section, key)}: {message}"


def _base(path: Path | None) -> Path | None:
    """Where relative paths begin: the folder of the file; for a pipe, and without a file, that of the process now."""
    if path is not None and not (path.exists() and not path.is_file()):
        return path.absolute().parent
    with contextlib.suppress(OSError):  # it was deleted: an error where a path is relative
        return Path.cwd()
    return None
