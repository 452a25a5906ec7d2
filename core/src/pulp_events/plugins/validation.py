"""What a plugin's contributions must fulfil before any of them is registered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from marshmallow import Schema

from pulp_events.errors import PluginError
from pulp_events.notifier import Notifier
from pulp_events.secrets import nested_schemas
from pulp_events.settings.sections import CORE_SECTIONS

if TYPE_CHECKING:
    from pulp_events.events.event_type import EventType

_TYPE_ID = re.compile(r"[a-z][a-z0-9-]*\Z")
_OPTION = re.compile(r"[a-z][a-z0-9_]*\Z")

RESERVED_TYPE_IDS = frozenset(
    [
        "list",
        "show",
        "create",
        "update",
        "delete",
        "enable",
        "disable",
        "test",
        "export",
        "apply",
        "author",
        "history",
        "backtest",
        "explain",
        "mute",
        "unmute",
        "help",
    ]
)
"""Words that are commands of `pulp-admin event listener`."""


def check_event_types(found: Any) -> list[EventType]:
    """The event types that a plugin's hook returned; raises PluginError for anything else."""
    from pulp_events.events.event_type import EventType

    types = _listed("pulp_event_types", found)
    for event_type in types:
        if not isinstance(event_type, EventType):
            raise PluginError(f"pulp_event_types returned {event_type!r:.80}; it must return EventType objects")
    return types


def check_notifiers(found: Any) -> list[Notifier]:
    """The notifiers that a plugin's hook returned; raises PluginError for anything that cannot be used."""
    notifiers = _listed("pulp_notifiers", found)
    for notifier in notifiers:
        _check_notifier(notifier)
    return notifiers


def check_sections(found: Any) -> dict[str, type[Schema]]:
    """The sections of server.conf that a plugin's hook returned; raises PluginError for anything else."""
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise PluginError(f"pulp_settings_sections returned {found!r:.80}; it must return a dict of schemas")
    for section, schema in found.items():
        check_section("pulp_settings_sections", section, schema)
    return dict(found)


def check_data_files(found: Any) -> dict[str, str]:
    """The files of the data folder that a plugin's hook returned; raises PluginError for anything else."""
    if found is None:
        return {}
    if not isinstance(found, Mapping) or not all(isinstance(each, str) for each in (*found, *found.values())):
        raise PluginError(f"pulp_data_files returned {found!r:.80}; it must return a dict of names and what they hold")
    from pulp_events.system.data_files import is_data_file

    for name in found:
        if not is_data_file(name):
            raise PluginError(
                f"pulp_data_files has the name {name!r:.80}; name a file of the plugin's own in the data folder, in "
                "small letters, such as my-plugin.json"
            )
    return dict(found)


def check_section(place: str, section: Any, schema: Any) -> None:
    """Raise PluginError unless this can be a section of server.conf."""
    if not isinstance(section, str) or not section:
        raise PluginError(f"{place} has the section {section!r}; name a section of server.conf")
    if section in CORE_SECTIONS:
        raise PluginError(f"{place} has the section {section!r}, which belongs to core; choose another")
    _check_schema(f"{place}, section [{section}]", schema)


def missing_methods(found: object, protocol: type) -> list[str]:
    """Methods of the protocol that `found` lacks; a class in place of an object of it lacks them all."""
    wanted = [name for name, value in vars(protocol).items() if callable(value) and not name.startswith("_")]
    return [name for name in wanted if isinstance(found, type) or not callable(getattr(found, name, None))]


def _listed(hook: str, found: Any) -> list[Any]:
    if found is None:
        return []
    if isinstance(found, str | bytes | Mapping) or not isinstance(found, Iterable):
        raise PluginError(f"{hook} returned {found!r:.80}; it must return a list")
    return list(found)


def _check_notifier(notifier: Any) -> None:
    if not isinstance(notifier, Notifier):
        raise PluginError(f"pulp_notifiers returned {notifier!r:.80}; it must return Notifier objects")
    name = type(notifier).__name__
    type_id = getattr(notifier, "type_id", None)
    if not isinstance(type_id, str) or not _TYPE_ID.match(type_id):
        raise PluginError(
            f"{name}.type_id is {type_id!r}; use lower-case letters, digits and -, starting with a letter"
        )
    if type_id in RESERVED_TYPE_IDS:
        raise PluginError(f"{name}.type_id is {type_id!r}, which is a command of the CLI; choose another")
    if type(notifier).deliver is Notifier.deliver and type(notifier).open is Notifier.open:
        raise PluginError(f"{name} overrides neither deliver() nor open()")
    _check_schema(f"{name}.config_schema", getattr(notifier, "config_schema", None))
    section, schema = notifier.settings_section, notifier.settings_schema
    if (section is None) != (schema is None):
        raise PluginError(f"{name} must set both settings_section and settings_schema, or neither")
    if schema is not None:
        check_section(name, section, schema)


def _check_schema(name: str, schema: Any) -> None:
    if not (isinstance(schema, type) and issubclass(schema, Schema)):
        raise PluginError(f"{name} is {schema!r:.80}; it must be a marshmallow Schema class")
    _check_fields(name, schema, frozenset())


def _check_fields(name: str, schema: type[Schema], around: frozenset[type[Schema]]) -> None:
    """`around`: the schemas that this one is nested in; there it may have any keys."""
    for key, field in schema().fields.items():
        if not around and not _OPTION.match(field.data_key or key):
            raise PluginError(f"{name} has the field {field.data_key or key!r}; use lower-case letters, digits and _")
        if hasattr(dict, field.attribute or key):  # marshmallow takes an attribute of what it dumps for an absent key
            remedy = "name another attribute" if field.attribute else "rename the field and give it a data_key"
            raise PluginError(f"{name} has the field {field.attribute or key!r}, which is a method of dict; {remedy}")
        try:
            below = set(nested_schemas(field))
        except Exception as error:
            raise PluginError(
                f"{name} has the field {key!r}, whose schema cannot be made: {type(error).__name__}: {error}"
            ) from error
        for each in below - around - {schema}:
            _check_fields(f"{name}, {key},", each, around | {schema})
