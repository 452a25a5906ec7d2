"""`manage.py migrate` makes the tables of the outbox, too, where Django's database has them.

A bus that opened amid a transaction would wait for it to end, in SQLite, before it could make them.
"""

from __future__ import annotations

from typing import Any

from pulp_events import EventBus
from pulp_events_django.project_settings import database, settings_mapping


def make_tables(using: str, **_: Any) -> None:
    """Receiver of `post_migrate`. Raises what `EventBus.open` raises."""
    if using == database():
        with EventBus.open(settings=settings_mapping(), deliver="external") as bus:
            bus.deliveries.stats()
