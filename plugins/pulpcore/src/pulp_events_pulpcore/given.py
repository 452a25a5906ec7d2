"""Settings of the event bus from Pulp's own: `PULP_EVENTS` over what Pulp's database says."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

SCHEMA = "pulp_events"
"""Where the tables of the outbox are, beside Pulp's own in `public`."""


def settings_mapping() -> dict[str, dict[str, Any]]:
    """What `EventBus.open(settings=…)` takes. Django's settings are loaded."""
    from django.conf import settings

    found: dict[str, dict[str, Any]] = {
        "storage": _storage(settings.DATABASES["default"]),
        "events": {"source": "pulp"},
    }
    for section, keys in settings.PULP_EVENTS.items():
        found[section] = {**found.get(section, {}), **keys}
    return found


def _storage(database: Mapping[str, Any]) -> dict[str, Any]:
    user, host, port = (str(database.get(key) or "") for key in ("USER", "HOST", "PORT"))
    url = f"postgresql://{quote(user, safe='')}@{quote(host, safe='')}{':' + port if port else ''}/{quote(database['NAME'])}"
    return {
        "url": url,
        "password": database.get("PASSWORD") or None,
        "listeners": "pulpcore",
        "outbox": "postgres",
        "schema": SCHEMA,
        "migrate": False,
    }
