"""Settings from environment variables: `PULP_EVENTS__DELIVERY__LANES=4` is `lanes` of section `[delivery]`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from marshmallow import Schema

from pulp_events.errors import SettingsError
from pulp_events.settings.server_conf import ENVIRONMENT_VARIABLE
from pulp_events.system.logs import get_logger
from pulp_events.system.suggestion import did_you_mean

if TYPE_CHECKING:
    from pulp_events.settings.given import GivenSettings

PREFIX = "PULP_EVENTS__"
NAME = "the environment"
"""What errors call all of the variables."""
_BETWEEN = "__"
_NEARLY = "PULP_EVENTS_"

_logger = get_logger(__name__)


def variable(section: str, key: str) -> str:
    """The variable that stands for a key: in capitals, with `_` for what no name of a variable has, such as a dot."""
    return PREFIX + _BETWEEN.join(_part(each) for each in (section, key))


def variables(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Those of the environment that are settings, with their text."""
    found = os.environ if environ is None else environ
    return {name: found[name] for name in sorted(found) if name.startswith(PREFIX)}


def read(schemas: Mapping[str, type[Schema]], environ: Mapping[str, str] | None = None) -> GivenSettings | None:
    """What the environment says of these sections; None where it says nothing.

    Raises SettingsError, which shows no value, for a variable that is no setting. One of a section that nobody here has
    is logged and ignored, as in a mapping: its plugin may be broken, or installed elsewhere.
    """
    for fault in misspelt(schemas, environ).values():
        _logger.warning("%s; it is ignored", fault)
    if not (given := variables(environ)):
        return None
    known = _known(schemas)
    for name in given:
        if name not in known:
            if fault := _fault(name, known, schemas):
                raise SettingsError(fault)
            _logger.warning("%s", foreign(name))
    return _given({known[name]: (name, text) for name, text in given.items() if name in known})


def faults(schemas: Mapping[str, type[Schema]], environ: Mapping[str, str] | None = None) -> Iterator[tuple[str, str]]:
    """Variables that are no settings of these sections, each with what is wrong; empty where it is just ignored."""
    known = _known(schemas)
    for name in variables(environ):
        if name not in known:
            yield name, _fault(name, known, schemas)
    yield from misspelt(schemas, environ).items()


def misspelt(schemas: Mapping[str, type[Schema]], environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables that are meant for settings, by all appearance, but lack one of the double underscores, each with what
    is wrong. They may be another program's, so that they stop nobody."""
    near = [name for name in sorted(os.environ if environ is None else environ) if _is_nearly(name)]
    if not near:  # as at most starts: the schemas need not be made
        return {}
    known = _known(schemas)
    meant = {_letters(name): name for name in known}
    keys: dict[str, str] = {}
    for name in known:
        keys.setdefault(name.rpartition(_BETWEEN)[2], name)
    heads = tuple(f"{_part(each)}_" for each in schemas)
    found = {}
    for name in near:
        rest = name.removeprefix(_NEARLY)
        right = meant.get(_letters(name)) or keys.get(rest)
        if right is None and rest.startswith(heads):
            import difflib  # mistakes only

            close = difflib.get_close_matches(rest, [each.removeprefix(PREFIX) for each in known], n=1)
            right = PREFIX + close[0] if close else None
        if right is not None:
            found[name] = f"{name}: no such setting; write {right}"
    return found


def _is_nearly(name: str) -> bool:
    return name.startswith(_NEARLY) and not name.startswith(PREFIX) and name != ENVIRONMENT_VARIABLE


def known_only(schemas: Mapping[str, type[Schema]], environ: Mapping[str, str] | None = None) -> GivenSettings | None:
    """What `read` returns, without a word on other variables."""
    known = _known(schemas)
    given = {known[name]: (name, text) for name, text in variables(environ).items() if name in known}
    return _given(given) if given else None


def foreign(name: str) -> str:
    """What is said of a variable of a section that nobody here has."""
    return f"{name}: no installed plugin has this section; it is ignored"


def _known(schemas: Mapping[str, type[Schema]]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for section, schema in schemas.items():
        for attribute, field in schema().fields.items():
            found.setdefault(variable(section, field.data_key or attribute), (section, field.data_key or attribute))
    return found


def _given(given: Mapping[tuple[str, str], tuple[str, str]]) -> GivenSettings:
    from pulp_events.settings.given import GivenSettings

    sections: dict[str, dict[str, str]] = {}
    for (section, key), (_, text) in given.items():
        sections.setdefault(section, {})[key] = text
    places = {at: name for at, (name, _) in given.items()}
    return GivenSettings.of(sections, NAME, NAME, places)


def _fault(name: str, known: Mapping[str, tuple[str, str]], schemas: Mapping[str, type[Schema]]) -> str:
    """What is wrong with an unknown name; empty where its section may be that of a plugin that is not here."""
    section, between, key = name.removeprefix(PREFIX).partition(_BETWEEN)
    heads = [_part(each) for each in schemas]
    if not (section and between and key):
        shape = f"write {PREFIX}SECTION__KEY, such as {variable('delivery', 'lanes')}"
        return f"{name}: no such setting{did_you_mean(name, known)}; {shape}"
    if any(name.startswith(f"{PREFIX}{head}{_BETWEEN}") for head in heads) or did_you_mean(section, heads):
        remedy = "unset it, or see `pulp-admin event config show` for the names that there are"
        return f"{name}: no such setting{did_you_mean(name, known)}; {remedy}"
    return ""


def _letters(name: str) -> str:
    return name.replace("_", "")


def _part(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "_", name).upper()
