"""Settings of the event bus from Pulp's own: `PULP_EVENTS` over what Pulp's database says."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pulp_events.errors import SettingsError
from pulp_events.settings.given import GivenSettings, Surroundings
from pulp_events.visible import one_line
from pulp_events_postgres.django_database import storage

NAME = "PULP_EVENTS"
PLACE = "DATABASES['default'] in Pulp's settings"
SCHEMA = "pulp_events"
"""Where the tables of the outbox are, beside Pulp's own in `public`."""
VARIABLE = "PULP_SETTINGS"
FILE = Path("/etc/pulp/settings.py")
"""What Pulp reads where PULP_SETTINGS names nothing else."""


def is_pulp_here() -> bool:
    """Whether there are settings of Pulp, by Pulp's own rule. Nothing is imported."""
    return bool(os.environ.get(VARIABLE)) or FILE.exists()


def settings_mapping(**storage_keys: object) -> GivenSettings:
    """What `EventBus.open(settings=…)` takes. `storage_keys`: keys of `[storage]` that win over all.

    Raises SettingsError where Pulp's settings cannot be loaded, or cannot be told to the outbox.
    """
    settings = _django_settings()
    given = settings.PULP_EVENTS if hasattr(settings, NAME) else {}
    if not isinstance(given, Mapping) or not all(isinstance(keys, Mapping) for keys in given.values()):
        return GivenSettings.of(given, NAME, _origin())  # which says what is wrong
    found: dict[str, dict[str, Any]] = {"storage": _storage(settings, given), "events": {"source": "pulp"}}
    for section, keys in given.items():
        found[section] = {**found.get(section, {}), **keys}
    found["storage"].update(storage_keys)
    own = given.get("storage", {})
    places = {("storage", key): PLACE for key in ("url", "password") if key not in own}
    return GivenSettings.of(found, NAME, _origin(), places, _surroundings(settings))


def _surroundings(settings: Any) -> Surroundings:
    """For a worker beside Pulp's own services. A variable such as PULP_DATABASES is not among them: it is a secret."""
    names = (VARIABLE, "DJANGO_SETTINGS_MODULE")
    return Surroundings(
        environment={name: os.environ[name] for name in names if os.environ.get(name)},
        reads=[Path(_file()), Path(str(settings.DB_ENCRYPTION_KEY))],
        user=_owner(str(settings.MEDIA_ROOT), str(settings.DEPLOY_ROOT)),
    )


def _owner(*folders: str) -> str:
    """Pulp's user: who has its files. Empty where there are none here, as with object storage."""
    for folder in folders:
        with suppress(OSError, KeyError):
            return pwd.getpwuid(Path(folder).stat().st_uid).pw_name
    return ""


def _storage(settings: Any, given: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    fixed = {"listeners": "pulpcore", "outbox": "postgres", "schema": SCHEMA, "migrate": False}
    if given.get("storage", {}).get("url"):
        return fixed
    return {**storage(settings.DATABASES["default"], PLACE), **fixed}


def _django_settings() -> Any:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pulpcore.app.settings")
    try:
        from django.conf import settings

        settings.DATABASES  # noqa: B018  # loaded now
        return settings
    except (Exception, SystemExit) as error:
        said = one_line(str(error)) or type(error).__name__
        raise SettingsError(f"Pulp's settings ({_file()}) cannot be loaded: {said:.500}") from error


def _file() -> str:
    return os.environ.get(VARIABLE) or str(FILE)


def _origin() -> str:
    return f"{NAME} in Pulp's settings, {_file()}"
