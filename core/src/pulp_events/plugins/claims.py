"""What can be said of a notifier without delivering anything: each claim yields what is wrong, with its remedy.

`NotifierContract` holds a notifier to them in its author's tests, `pulp-admin event plugin check` what is installed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, missing

from pulp_events.notifier import Action, Notifier

SECRET_WORDS = re.compile(r"passw|secret|token|api_?key|credential|private", re.IGNORECASE)
_SAMPLES: Mapping[type[fields.Field[Any]], Any] = {
    fields.Decimal: Decimal("1.5"),
    fields.Float: 1.5,
    fields.Integer: 1,
    fields.Boolean: True,
    fields.String: "text",
}


def every_option_has_help(notifier: Notifier) -> Iterator[str]:
    """It is shown at the command line and in manual pages."""
    for place, _, field in _fields(notifier):
        if not str(field.metadata.get("help", "")).strip():
            yield f"{place} has none; add metadata={{'help': …}}"


def secrets_are_marked(notifier: Notifier) -> Iterator[str]:
    """What is not marked is shown, logged and stored with the attempt."""
    for place, name, field in _fields(notifier):
        if SECRET_WORDS.search(name) and "secret" not in field.metadata:
            yield f"{place} sounds like one; add metadata={{'secret': True}}, or False if it is none"


def configuration_is_json(notifier: Notifier) -> Iterator[str]:
    """A listener's configuration is stored as JSON."""
    schema = notifier.config_schema()
    for name, field in schema.fields.items():
        value = field.load_default
        if callable(value) or value is missing or value is None:
            value = next((sample for kind, sample in _SAMPLES.items() if type(field) is kind), None)
        if value is None:
            continue
        try:
            json.dumps(field.serialize(name, {name: value}), allow_nan=False)
        except (TypeError, ValueError) as error:
            yield f"config_schema: {name} does not become JSON ({error}); let the field serialise to text or a number"


def settings_work_without_a_file(notifier: Notifier) -> Iterator[str]:
    """Where server.conf is silent, the defaults hold."""
    if notifier.settings_schema is None:
        return
    schema = notifier.settings_schema()
    wrong = schema.validate({})
    for name in sorted(map(str, wrong)):
        yield f"[{notifier.settings_section}] {name} has no default; give the field load_default=…"


CLAIMS: Mapping[str, Callable[[Notifier], Iterator[str]]] = {
    "help of options": every_option_has_help,
    "secrets": secrets_are_marked,
    "JSON": configuration_is_json,
    "settings": settings_work_without_a_file,
}
"""What is looked at → the claim."""


def _actions(notifier: Notifier) -> list[Action]:
    """Those that can be used; what is wrong with others, the command line says."""
    try:
        return [action for action in notifier.actions() if isinstance(action, Action)]
    except Exception:  # noqa: BLE001  # a plugin may raise anything
        return []


def _fields(notifier: Notifier) -> Iterator[tuple[str, str, fields.Field[Any]]]:
    """Where a field is, its key, and the field: those of configuration, settings and options of actions."""
    schemas: list[tuple[str, type[Schema] | None]] = [
        (f"{notifier.type_id} option ", notifier.config_schema),
        (f"[{notifier.settings_section}] ", notifier.settings_schema),
    ]
    schemas += [(f"{notifier.type_id} {action.name} option ", action.options) for action in _actions(notifier)]
    for place, schema in schemas:
        for name, field in schema().fields.items() if schema is not None else ():
            key = field.data_key or name
            yield f"{place}{key}", key, field
