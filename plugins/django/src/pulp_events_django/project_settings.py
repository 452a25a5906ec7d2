"""What the project's settings say, as what `EventBus.open` takes."""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from django.conf import settings
from django.core import mail
from django.db import connections
from django.utils.module_loading import import_string

from pulp_events.bus.delivery_mode import Deliver
from pulp_events.errors import SettingsError
from pulp_events.settings.given import GivenSettings, Surroundings
from pulp_events_django.environment import SET_UP

if TYPE_CHECKING:
    from pulp_events.events.jsonable import Encode

NAME = "PULP_EVENTS"
"""Sections → keys → values, as in server.conf."""
DATABASE = "PULP_EVENTS_DATABASE"
"""The alias of the database that the events are in, so that they are part of its transactions; None: in none."""
DELIVER = "PULP_EVENTS_DELIVER"
"""Who delivers; see `EventBus`. By default threads of the process that emits."""
ON_ERROR = "PULP_EVENTS_ON_ERROR"
"""What becomes of an event that cannot be emitted, as `on_error` of `EventBus.open`: "raise", the default, or "log"."""
ENCODE = "PULP_EVENTS_ENCODE"
"""The function `encode` of `EventBus.open`, or where it is: `shop.encoding.encode`."""


def named_database() -> str | None:
    """The alias of the database in whose transactions events are; None where they are in none.

    Raises SettingsError if there is none of that name.
    """
    alias = getattr(settings, DATABASE, None)
    if alias is not None and alias not in connections:
        raise SettingsError(f"{DATABASE} is {alias!r}, which DATABASES lacks; name one of {', '.join(connections)}")
    return None if alias is None else str(alias)


def database() -> str | None:
    """The same; None also where it is in memory, as in tests on SQLite: it cannot have the events then."""
    alias = named_database()
    if alias is None or (connections[alias].vendor == "sqlite" and connections[alias].is_in_memory_db()):
        return None
    return alias


def deliver() -> Deliver:
    """`deliver` of `EventBus.open`, which refuses what is none."""
    found: Deliver = "external" if is_test() else getattr(settings, DELIVER, "background")
    return found


def on_error() -> Literal["raise", "log"]:
    """`on_error` of `EventBus.open`, which refuses what is none."""
    found: Literal["raise", "log"] = getattr(settings, ON_ERROR, "raise")
    return found


def encode() -> Encode | None:
    """`encode` of `EventBus.open`. Raises SettingsError where it cannot be imported, or cannot be called."""
    given = getattr(settings, ENCODE, None)
    try:
        found = import_string(given) if isinstance(given, str) else given
    except ImportError as error:
        raise SettingsError(f"{ENCODE} is {given!r}, which cannot be imported: {error}") from error
    if found is not None and not callable(found):
        raise SettingsError(f"{ENCODE} is of type {type(found).__name__}; give a function, or its dotted path")
    return cast("Encode | None", found)


def settings_mapping() -> GivenSettings:
    """What `EventBus.open(settings=…)` takes. Raises SettingsError."""
    given = getattr(settings, NAME, {})
    origin = f"{NAME} in {os.environ.get('DJANGO_SETTINGS_MODULE', 'the settings of Django')}"
    if not isinstance(given, Mapping) or not all(isinstance(keys, Mapping) for keys in given.values()):
        return GivenSettings.of(given, NAME, origin)  # which says what is wrong
    alias = database()
    found = {} if alias is None else _stored_in(alias)
    places = {(section, key): f"DATABASES[{alias!r}]" for section, keys in found.items() for key in keys}
    for section, keys in given.items():
        found[section] = {**found.get(section, {}), **keys}
        places = {place: text for place, text in places.items() if place[0] != section or place[1] not in keys}
    if is_test():  # as with Django's mail: nothing of a test leaves, whatever listeners the project has
        found["events"] = {**found.get("events", {}), "data_dir": _test_folder()}
    return GivenSettings.of(found, NAME, origin, places, _surroundings())


def is_test() -> bool:
    """Whether Django's test runner has set its environment up."""
    return hasattr(mail, "outbox")


@cache
def _test_folder() -> str:
    folder = tempfile.TemporaryDirectory(prefix="pulp-events-")
    atexit.register(folder.cleanup)
    return folder.name


def _surroundings() -> Surroundings:
    module, script = os.environ.get("DJANGO_SETTINGS_MODULE"), Path(sys.argv[0]).absolute()
    if not os.environ.get(SET_UP) or not script.is_file():
        return Surroundings(environment={} if module is None else {"DJANGO_SETTINGS_MODULE": module})
    return Surroundings(
        environment={} if module is None else {"DJANGO_SETTINGS_MODULE": module},
        reads=[script.parent],
        command=[sys.executable, str(script), "pulp_events"],
    )


def _stored_in(alias: str) -> dict[str, dict[str, Any]]:
    connection = connections[alias]
    if connection.vendor == "sqlite":
        return {"events": {"outbox": str(connection.settings_dict["NAME"])}}
    if connection.vendor == "postgresql" and find_spec("pulp_events_postgres") is not None:
        from pulp_events_postgres.django_database import storage

        return {"storage": storage(connection.settings_dict, f"DATABASES[{alias!r}]")}
    need = " with pulp-events-postgres installed" if connection.vendor == "postgresql" else ""
    raise SettingsError(
        f"{DATABASE} is {alias!r}, a database of {connection.vendor}; events can be in SQLite, or in PostgreSQL{need}. "
        f"Without {DATABASE} they are in a file of their own"
    )
