"""What `pulp-admin event config check` looks at: each step yields findings, and none keeps the next from running."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pulp_events.errors import EventsError, PluginError, SettingsError
from pulp_events.notifier import Notifier
from pulp_events.plugins import boundary
from pulp_events.secrets import Scrubber, secret_fields
from pulp_events.settings.sections import CORE_SECTIONS
from pulp_events.settings.settings import Settings
from pulp_events.system.remedies import remedy
from pulp_events.system.suggestion import did_you_mean
from pulp_events_cli.health import clock, conf_file, data_folder, given_settings, plugins, stores, variables
from pulp_events_cli.health.time_limit import within
from pulp_events_cli.output.findings import NOTE, OK, PROBLEM, Finding
from pulp_events_cli.session import Session

PROBE_LIMIT = 30.0
"""Seconds after which a probe is given up."""


def check(session: Session, probe: bool = False, thorough: bool = False) -> Iterator[Finding]:
    """Everything, in the order in which it is best fixed. `probe`: also ask each notifier to connect. `thorough`:
    look at all of the outbox."""
    settings = None
    for found in _settings(session):
        if isinstance(found, Settings):
            settings = found
        else:
            yield found
    if settings is not None:
        if stores.in_folder(settings, session.plugins):
            yield from _guarded(data_folder.WHAT, data_folder.check(settings.data_dir))
        yield from _guarded("stores", stores.check(session, settings, thorough))
    yield from clock.check()
    yield from plugins.check(session.plugins)
    if settings is not None:
        yield from _untrusted(session, settings)
        for notifier in session.plugins.notifiers.values():
            yield from _warnings(notifier, settings)
    if probe and settings is None:
        yield Finding(NOTE, "probe", "skipped: fix the settings first")
    elif probe and settings is not None:
        for notifier in session.plugins.notifiers.values():
            yield from _probe(notifier, settings)


def _guarded(what: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """The findings of a step, up to where the system refuses to tell more; that is one of them then."""
    try:
        yield from findings
    except OSError as error:
        yield Finding(PROBLEM, what, f"{error.filename or what}: {error.strerror}; {remedy(error, 'read')}")


def _settings(session: Session) -> Iterator[Finding | Settings]:
    schemas = {**CORE_SECTIONS, **session.plugins.settings_sections}
    try:
        given = session.given
    except EventsError as error:
        yield Finding(PROBLEM, conf_file.WHAT, str(error))
        return
    wrong = False
    for found in variables.check(schemas):
        wrong = wrong or found.state == PROBLEM
        yield found
    usable = variables.usable(schemas)
    for each in (
        conf_file.check(session.options.config, schemas, usable)
        if given is None
        else given_settings.check(given, schemas, usable)
    ):
        if not (wrong and isinstance(each, Settings)):
            yield each


def _untrusted(session: Session, settings: Settings) -> Iterator[Finding]:
    """Notifier types that untrusted authors may use, and that there are not."""
    if not settings.is_set("untrusted", "notifier_types"):
        return
    known = session.plugins.notifiers
    for name in settings.section("untrusted")["notifier_types"]:
        if name not in known:
            text = f"{settings.called('untrusted', 'notifier_types')}: notifier type {name} is not installed"
            yield Finding(NOTE, "settings", f"{text}{did_you_mean(name, known)}")


def _section(notifier: Notifier, settings: Settings) -> tuple[Mapping[str, Any], Scrubber]:
    """The notifier's section, and what takes the secrets in it out of a text. Raises SettingsError for a secret that
    cannot be read here."""
    section = settings.section(notifier.settings_section) if notifier.settings_section else {}
    secrets = secret_fields(notifier.settings_schema()) if notifier.settings_schema else ()
    return section, Scrubber(section.get(key) for key in secrets)


def _warnings(notifier: Notifier, settings: Settings) -> Iterator[Finding]:
    what = f"notifier {notifier.type_id}"
    try:
        try:
            section, scrub = _section(notifier, settings)
        except SettingsError:  # as of a worker's own environment: what is written does, secrets spelt as references
            section, scrub = settings.section_as_written(notifier.settings_section or ""), Scrubber(())
        found = boundary.settings_warnings_of(notifier, section, scrub)
    except PluginError as error:
        yield Finding(PROBLEM, what, f"{error}; this is a bug in the plugin")
    except EventsError as error:
        yield Finding(PROBLEM, what, str(error))
    else:
        yield from (Finding(NOTE, what, scrub(text)) for text in found)


def _probe(notifier: Notifier, settings: Settings) -> Iterator[Finding]:
    what = f"probe {notifier.type_id}"
    try:
        section, scrub = _section(notifier, settings)
    except EventsError as error:
        yield Finding(PROBLEM, what, str(error))
        return
    lines: list[str] = []
    failed: list[EventsError] = []

    def work() -> bool:
        try:
            boundary.probe(notifier, section, lines.append)
        except EventsError as error:
            failed.append(error)
        return True

    try:
        within(PROBE_LIMIT, work, what)
    except TimeoutError:
        yield Finding(
            PROBLEM,
            what,
            f"no answer within {PROBE_LIMIT:g} s; check the server named in [{notifier.settings_section}]",
        )
        return
    yield from (Finding(OK, what, scrub(line)) for line in lines)
    for error in failed:
        mistake = "; this is a bug in the plugin" * isinstance(error, PluginError)
        yield Finding(PROBLEM, what, scrub(f"{boundary.words_of(error)}{mistake}"))
    if not lines and not failed:
        none = type(notifier).probe is Notifier.probe
        yield Finding(OK, what, "it has no probe; `listener test` sends a test event" if none else "nothing to probe")
