"""Settings from environment variables: every mistake in them, where reading them stops at the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from marshmallow import Schema

from pulp_events.errors import EventsError
from pulp_events.settings import environment
from pulp_events.settings.given import GivenSettings
from pulp_events.settings.settings import Settings
from pulp_events_cli.health.conf_file import WHAT
from pulp_events_cli.output.findings import NOTE, OK, PROBLEM, Finding


def check(schemas: Mapping[str, type[Schema]]) -> Iterator[Finding]:
    """What is wrong with each variable by itself; one line for all of them where nothing is. Shows no value."""
    wrong = False
    for name, fault in environment.faults(schemas):
        wrong = wrong or bool(fault)
        yield Finding(PROBLEM, WHAT, fault) if fault else Finding(NOTE, WHAT, environment.foreign(name))
    good = []
    for section, keys in (environment.known_only(schemas) or {}).items():
        for key in keys:
            if fault := _fault(section, key, schemas):
                wrong = True
                yield Finding(PROBLEM, WHAT, fault)
            else:
                good.append(environment.variable(section, key))
    if good and not wrong:
        yield Finding(OK, WHAT, f"environment: {', '.join(good)}")


def usable(schemas: Mapping[str, type[Schema]]) -> GivenSettings | None:
    """What the environment says, but for what `check` finds to be wrong; None where that is nothing."""
    found = environment.known_only(schemas)
    return None if found is None else found.without(lambda section, key: bool(_fault(section, key, schemas)))


def _fault(section: str, key: str, schemas: Mapping[str, type[Schema]]) -> str:
    """What is wrong with one value; what needs another key beside it is judged with the whole section."""
    given = environment.known_only({section: schemas[section]})
    alone = None if given is None else given.without(lambda _section, each: each != key)
    try:
        Settings(None, {section: schemas[section]}, {}, variables=alone)
    except EventsError as error:
        if str(error).startswith(f"{environment.variable(section, key)} "):
            return str(error)
    return ""
