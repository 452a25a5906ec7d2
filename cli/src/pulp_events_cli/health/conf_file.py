"""server.conf, line by line: every mistake in it with its line, where reading it stops at the first."""

from __future__ import annotations

import configparser
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from marshmallow import Schema

from pulp_events.errors import EventsError
from pulp_events.secrets import secret_fields
from pulp_events.settings import server_conf
from pulp_events.settings.given import GivenSettings
from pulp_events.settings.settings import Settings
from pulp_events.system.suggestion import did_you_mean
from pulp_events_cli.output.findings import NOTE, OK, PROBLEM, Finding
from pulp_events_cli.output.text import count

WHAT = "settings"
_OTHERS = 0o007


def check(
    named: str | None, schemas: Mapping[str, type[Schema]], variables: GivenSettings | None = None
) -> Iterator[Finding | Settings]:
    """Findings, and the settings where all are in order. `named`: the file of `--config`; `variables`: what the
    environment says beside it."""
    try:
        path = server_conf.locate(named)
        content = server_conf.content(path)
        text = server_conf.parse(content, path)
    except EventsError as error:
        yield Finding(PROBLEM, WHAT, str(error))
        return
    if path is None:
        yield Finding(OK, WHAT, f"no file at {server_conf.DEFAULT_PATH}; the defaults apply")
        yield from together(path, schemas, text, variables=variables)
        return
    lines = server_conf.line_numbers(content)
    wrong = False
    for section in (each for each in text if each in schemas):
        found = list(_section(path, section, schemas[section], text[section], lines, variables))
        wrong = wrong or any(each.state == PROBLEM for each in found)
        yield from found
    yield from _foreign(path, [each for each in text if each not in schemas], schemas, lines)
    yield from _permissions(path, schemas, text)
    if not wrong:
        yield Finding(OK, WHAT, str(path))
        yield from together(path, schemas, text, variables=variables)


def together(
    path: Path | None,
    schemas: Mapping[str, type[Schema]],
    text: Mapping[str, Mapping[str, str]],
    given: GivenSettings | None = None,
    variables: GivenSettings | None = None,
) -> Iterator[Finding | Settings]:
    """The settings, each of whose sources is in order by itself; or what is wrong with them as a whole."""
    try:
        yield Settings(path, schemas, text, given, variables)
    except EventsError as error:
        yield Finding(PROBLEM, WHAT, str(error))


def _section(
    path: Path,
    section: str,
    schema: type[Schema],
    given: Mapping[str, str],
    lines: server_conf.Lines,
    variables: GivenSettings | None,
) -> Iterator[Finding]:
    wrong = False
    for key, value in given.items():
        try:
            Settings(path, {section: schema}, {section: {key: value}})
        except EventsError as error:
            # What needs another key beside it is judged with the whole section, below.
            if f"key {key} " in str(error):
                wrong = True
                yield Finding(PROBLEM, WHAT, _at(path, lines.get((section, key)), str(error)))
    if wrong:
        return
    try:
        Settings(path, {section: schema}, {section: given}, variables=variables)
    except EventsError as error:
        yield Finding(PROBLEM, WHAT, _at(path, lines.get((section, "")), str(error)))
        return
    keys = ", ".join(given) or "no key"
    yield Finding(OK, WHAT, f"line {lines.get((section, ''), 0)}, [{section}]: {keys}")


def _at(path: Path, line: int | None, text: str) -> str:
    return text.replace(f"{path}, ", f"{path}, line {line}, ", 1) if line else text


def _foreign(
    path: Path, names: list[str], known: Mapping[str, type[Schema]], lines: server_conf.Lines
) -> Iterator[Finding]:
    left = 0
    for name in names:
        hint = did_you_mean(name, known)
        if name == configparser.DEFAULTSECT:
            text = f"{path}, line {lines.get((name, ''), 0)}: [{name}] holds for no section of pulp-events"
            yield Finding(NOTE, WHAT, f"{text}; write its keys into the sections that they are meant for")
        elif hint:
            yield Finding(
                NOTE, WHAT, f"{path}, line {lines.get((name, ''), 0)}: [{name}] is not a section of pulp-events{hint}"
            )
        else:
            left += 1
    if left:
        yield Finding(OK, WHAT, f"{count(left, 'other section is', 'other sections are')} ignored")


def _permissions(
    path: Path, schemas: Mapping[str, type[Schema]], text: Mapping[str, Mapping[str, str]]
) -> Iterator[Finding]:
    if not path.is_file():
        return  # a pipe has no mode that anybody else could use
    mode = stat.S_IMODE(path.stat().st_mode)
    secret = [
        f"[{section}] {key}"
        for section, keys in text.items()
        if section in schemas
        for key, value in keys.items()
        if key in secret_fields(schemas[section]()) and value and not value.startswith(("env:", "file:"))
    ]
    if secret and mode & _OTHERS:
        yield Finding(
            PROBLEM,
            WHAT,
            f"{path} has mode {mode:04o}, so everybody can read {', '.join(secret)}; chmod o-rwx {path}",
        )
