"""`manage.py check` tells of settings that no bus would open with."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.db import connections

from pulp_events.bus.delivery_mode import MODES
from pulp_events.bus.refusals import check_on_error
from pulp_events.errors import EventsError
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.settings import Settings
from pulp_events_django.project_settings import (
    DELIVER,
    ON_ERROR,
    database,
    deliver,
    encode,
    on_error,
    settings_mapping,
)


def check_settings(**_: Any) -> list[CheckMessage]:
    """Whether `EventBus.open` would take them; nothing is opened."""
    if deliver() not in MODES:
        return [Error(f"{DELIVER} is {deliver()!r}; use one of {', '.join(MODES)}", id="pulp_events.E002")]
    try:
        check_on_error(on_error(), ON_ERROR)
        encode()
        Settings.load(None, Plugins.load().settings_sections, settings_mapping())
    except EventsError as error:
        return [Error(str(error), id="pulp_events.E001")]
    alias = database()
    if alias is None or connections[alias].vendor != "sqlite":
        return []
    if str(connections[alias].settings_dict["OPTIONS"].get("transaction_mode", "")).upper() == "IMMEDIATE":
        return []
    text = f"DATABASES[{alias!r}] is SQLite, and its transactions that read before they write can fail"
    hint = "Add 'OPTIONS': {'transaction_mode': 'IMMEDIATE'} (Django 5.1): a worker writes to the database, too."
    return [Warning(text, hint=hint, id="pulp_events.W001")]
