"""pulp-events.conf(5): the settings, from the schemas of core and of the installed plugins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from pulp_events.fields import Duration, Words, format_duration
from pulp_events.notation.writing import choices, default_text
from pulp_events.secrets import is_secret_field
from pulp_events.settings.environment import PREFIX, variable
from pulp_events.settings.reloading import NEEDS_START, needs_start
from pulp_events.settings.sections import CORE_SECTIONS
from pulp_events.settings.server_conf import DEFAULT_PATH, ENVIRONMENT_VARIABLE
from pulp_events.system import guard
from pulp_events_cli.manual import roff

NAME = "pulp-events.conf"
COMPUTED = {
    ("events", "data_dir"): "/var/lib/pulp/events for root, else pulp/events in the user's data folder",
    ("events", "source"): "the host name",
}
"""Defaults that depend on the machine, in words."""

_DESCRIPTION = f"""\
The settings of pulp-events are in sections of Pulp's server.conf: the file given by `--config`, or by
`${ENVIRONMENT_VARIABLE}`, or else {DEFAULT_PATH}. If it does not exist, the defaults apply. It is an INI file with
sections in brackets and `key = value` below them; lines that begin with `#` or `;` are ignored.

In the sections described here, an unknown key or a value that is not valid is an error; other sections are ignored.
A worker reads the file again when it gets SIGHUP, and all settings take effect then, unless said otherwise.

A duration is a number of seconds, or text such as `15s`, `30m`, `1h 30m` or `7d`. The value of a secret key may be
`env:NAME` or `file:PATH`; it is then read from there.

`pulp-admin event config show` prints the settings in effect, and `pulp-admin event config check` reports what is wrong
with them, line by line.
"""

_EXAMPLE = """\
    [events]
    data_dir = /var/lib/pulp/events

    [delivery]
    retry_schedule = 5s, 5m, 30m, 2h
    lanes = 4

    [email]
    enabled = true
    host = mail.example
    password = file:/etc/pulp/smtp-password
"""


def text(plugin_sections: Mapping[str, type[Schema]], left_out: Callable[[str, BaseException], None]) -> str:
    """The page. `left_out(section, error)` is told of a plugin's section that cannot be described."""
    lines = [roff.head(NAME, 5), *roff.section("name"), r"pulp\-events.conf \- settings of pulp\-events in server.conf"]
    lines += [*roff.section("synopsis"), rf"\fB{DEFAULT_PATH}\fR"]
    lines += [*roff.section("description"), *roff.paragraphs(_DESCRIPTION)]
    for name, schema in {**CORE_SECTIONS, **plugin_sections}.items():
        try:
            with guard.exits():
                about = _keys(name, schema)
            lines += [*roff.section(f"[{name}]"), *about]
        except Exception as error:  # noqa: BLE001  # a plugin's schema may raise anything
            left_out(f"section [{name}]", error)
    lines += [*roff.section("examples"), *roff.paragraphs(_EXAMPLE)]
    lines += [*roff.section("files"), *roff.term(str(DEFAULT_PATH), "the file, unless another one is named")]
    lines += roff.section("environment")
    lines += roff.term(ENVIRONMENT_VARIABLE, f"the server.conf to read; default: {DEFAULT_PATH}")
    lines += roff.term(
        f"{PREFIX}SECTION__KEY",
        f"a key of a section, such as {variable('delivery', 'lanes')}; it replaces that of the file. In capitals, with "
        "_ for a dot or hyphen",
    )
    lines += roff.term("PULP_EVENTS_BLOCK", "names of plugins not to load, separated by commas")
    lines += [*roff.section("see also"), r"\fBpulp\-admin\fR(1), \fBpulp\-events\-notifier\fR(7)"]
    return roff.page(lines)


def _keys(section: str, schema: type[Schema]) -> list[str]:
    lines: list[str] = []
    for attribute, field in schema().fields.items():
        lines += roff.term(field.data_key or attribute, _about(section, field.data_key or attribute, field))
    return lines


def _about(section: str, key: str, field: fields.Field[Any]) -> str:
    parts = [str(field.metadata.get("help", "")), _values(field)]
    default = COMPUTED.get((section, key)) or _default(field)
    parts += [f"default: {default}"] * bool(default) + ["secret"] * is_secret_field(field)
    parts += [NEEDS_START] * needs_start(field)
    return "; ".join(part for part in parts if part) + "."


def _default(field: fields.Field[Any]) -> str:
    if isinstance(field, Words) and callable(field.load_default):
        return ", ".join(format_duration(one) if isinstance(one, float) else str(one) for one in field.load_default())
    return default_text(field)


def _values(field: fields.Field[Any]) -> str:
    if found := choices(field):
        return f"one of {', '.join(found)}"
    for check in field.validators:
        if isinstance(check, validate.Range):
            ends = [("at least", check.min), ("at most", check.max)]
            return ", ".join(f"{word} {end}" for word, end in ends if end is not None)
    if isinstance(field, fields.Boolean):
        return "true or false"
    if isinstance(field, Words):
        return "separated by commas"
    return "a duration" if isinstance(field, Duration) else ""
