"""What can be said of a notifier without delivering anything: each claim yields what is wrong, with its remedy.

`NotifierContract` holds a notifier to them in its author's tests, `pulp-admin event plugin check` what is installed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from marshmallow import Schema, fields

from pulp_events.errors import PluginError
from pulp_events.notation.round_trip import faults
from pulp_events.notifier import AS_SETTINGS_SAY, WITHIN_NETWORKS, Action, Notifier
from pulp_events.plugins import boundary
from pulp_events.plugins.method_checks import methods_can_be_called
from pulp_events.plugins.schema_checks import defaults_are_accepted, validation_ends_in_validation_errors
from pulp_events.secrets import is_secret_field, item_fields, nested_schemas

SECRET_WORDS = re.compile(r"passw|secret|token|api_?key|credential|private", re.IGNORECASE)
_PATH_KEY = re.compile(
    r"(^|_)(path|paths|file|files|filename|dir|dirs|directory|folder|folders|program|command|executable|script|socket|"
    r"cert|certificate|cacert|keyfile|certfile|bundle)$"
)
_PATH_HELP = re.compile(
    r"\b(path|directory|folder|executable|program|shell command|socket) (of|to|with|that|in)\b", re.I
)


def every_option_has_help(notifier: Notifier) -> Iterator[str]:
    """It is shown at the command line and in manual pages."""
    for place, schema in _schemas(notifier):
        yield from _without_help(place, schema)


def _without_help(place: str, schema: type[Schema]) -> Iterator[str]:
    for key, field in _fields(schema):
        if not str(field.metadata.get("help", "")).strip():
            yield f"{place}{key} has no help; add metadata={{'help': …}}"


def secrets_are_marked(notifier: Notifier) -> Iterator[str]:
    """What is not marked is shown, logged and stored with the attempt."""
    for place, schema in _schemas(notifier):
        yield from _unmarked(place, schema)


def _unmarked(place: str, schema: type[Schema]) -> Iterator[str]:
    yield from _unmarked_below(place, _fields(schema), frozenset({schema}))


def _unmarked_below(
    place: str, found: Iterable[tuple[str, fields.Field[Any]]], seen: frozenset[type[Schema]]
) -> Iterator[str]:
    for key, field in found:
        if "secret" in field.metadata or is_secret_field(field):
            continue
        if SECRET_WORDS.search(key):
            yield f"{place}{key} sounds like a secret; add metadata={{'secret': True}}, or False if it is not"
        for below in nested_schemas(field):
            if below not in seen:
                yield from _unmarked_below(f"{place}{key}.", _fields(below), seen | {below})


def fields_of_the_machine_are_marked(notifier: Notifier) -> Iterator[str]:
    """What names a file, a folder or a program, untrusted authors must not set: it is known by its mark alone."""
    yield from _unmarked_paths(f"{notifier.type_id} option ", _fields(notifier.config_schema), frozenset())


def _unmarked_paths(
    place: str, found: Iterable[tuple[str, fields.Field[Any]]], seen: frozenset[type[Schema]]
) -> Iterator[str]:
    for key, field in found:
        marks = [field.metadata, *(each.metadata for each in item_fields(field))]
        if any("local" in each or each.get("names_file") or each.get("template") == "files" for each in marks):
            continue
        help_text = " ".join(str(each.get("help", "")) for each in marks)
        if _PATH_KEY.search(key) or _PATH_HELP.search(help_text):
            yield (
                f"{place}{key} sounds like a file or program of the machine; add metadata={{'local': True}}, so that "
                "untrusted authors cannot set it, or False if it is none"
            )
        for below in nested_schemas(field):
            if below not in seen:
                yield from _unmarked_paths(f"{place}{key}.", _fields(below), seen | {below})


def connections_are_declared(notifier: Notifier) -> Iterator[str]:
    """`connects_to` lets untrusted authors have listeners of the type: it must be one of ours, and be kept."""
    how: object = notifier.connects_to
    if how not in (None, WITHIN_NETWORKS, AS_SETTINGS_SAY):
        yield f"connects_to is {how!r:.60}; use WITHIN_NETWORKS or AS_SETTINGS_SAY of pulp_events.notifier, or None"
    elif how == WITHIN_NETWORKS and type(notifier).open_within is Notifier.open_within:
        yield "connects_to is WITHIN_NETWORKS, so override open_within()"
    elif how == AS_SETTINGS_SAY and notifier.settings_schema is None:
        yield "connects_to is AS_SETTINGS_SAY, and there is no settings_schema that could say anything"


def configuration_is_json(notifier: Notifier) -> Iterator[str]:
    """A listener's configuration is stored as JSON, and loaded from that each time a channel opens."""
    for key, text in faults(notifier.config_schema):
        yield f"config_schema: {key} {text}" if key else f"config_schema {text}"


def settings_work_without_a_file(notifier: Notifier) -> Iterator[str]:
    """Where server.conf is silent, the defaults hold."""
    if notifier.settings_schema is not None:
        yield from _without_default(f"[{notifier.settings_section}] ", notifier.settings_schema)


def _without_default(place: str, schema: type[Schema]) -> Iterator[str]:
    for name in sorted(map(str, schema().validate({}))):
        yield f"{place}{name} has no default; give the field load_default=…"


def of_section(section: str, schema: type[Schema]) -> Iterator[str]:
    """What is wrong with a section that `pulp_settings_sections` returned."""
    for claim in (_without_help, _unmarked, _without_default):
        yield from claim(f"[{section}] ", schema)


CLAIMS: Mapping[str, Callable[[Notifier], Iterator[str]]] = {
    "help of options": every_option_has_help,
    "secrets": secrets_are_marked,
    "files and programs": fields_of_the_machine_are_marked,
    "connections": connections_are_declared,
    "JSON": configuration_is_json,
    "settings": settings_work_without_a_file,
    "defaults": defaults_are_accepted,
    "validation": validation_ends_in_validation_errors,
    "methods": methods_can_be_called,
}
"""What is looked at → the claim."""


def _actions(notifier: Notifier) -> list[Action]:
    """Those that can be used; what is wrong with others, the command line says."""
    try:
        return [action for action in boundary.actions_of(notifier) if isinstance(action, Action)]
    except PluginError:
        return []


def _schemas(notifier: Notifier) -> Iterator[tuple[str, type[Schema]]]:
    """Where its fields are, and the schema: those of configuration, settings and options of actions."""
    yield f"{notifier.type_id} option ", notifier.config_schema
    if notifier.settings_schema is not None:
        yield f"[{notifier.settings_section}] ", notifier.settings_schema
    for action in _actions(notifier):
        yield f"{notifier.type_id} {action.name} option ", action.options


def _fields(schema: type[Schema]) -> Iterator[tuple[str, fields.Field[Any]]]:
    """The fields by their keys."""
    return ((field.data_key or name, field) for name, field in schema().fields.items())
