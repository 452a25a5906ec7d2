"""Settings that a plugin offers: every mistake in them, where reading them stops at the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from marshmallow import Schema

from pulp_events.errors import EventsError
from pulp_events.settings.given import GivenSettings
from pulp_events.settings.settings import Settings
from pulp_events.system.suggestion import did_you_mean
from pulp_events_cli.health.conf_file import WHAT, together
from pulp_events_cli.output.findings import NOTE, OK, PROBLEM, Finding


def check(
    given: GivenSettings, schemas: Mapping[str, type[Schema]], variables: GivenSettings | None = None
) -> Iterator[Finding | Settings]:
    """Findings, and the settings where all are in order. `variables`: what the environment says beside them."""
    wrong = False
    for section, schema in schemas.items():
        try:
            Settings(None, {section: schema}, {}, given, variables)
        except EventsError as error:
            wrong = True
            yield Finding(PROBLEM, WHAT, str(error))
    for section in given:
        if section not in schemas:
            hint = did_you_mean(section, schemas)
            yield Finding(NOTE, WHAT, f"{given.place(section)} is not a section of pulp-events{hint}; it is ignored")
    if not wrong:
        yield Finding(OK, WHAT, given.origin or given.name)
        yield from together(None, schemas, {}, given, variables)
