"""Whether applications or workers are at work on the records that are to be copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulp_events.errors import StoreError
from pulp_events_postgres import address

if TYPE_CHECKING:
    from pulp_events.settings.settings import Settings

_OTHERS = """
SELECT count(*), min(pid), min(host(client_addr)), current_setting('application_name') FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
  AND application_name = current_setting('application_name')
"""


def refuse_in_use(settings: Settings) -> None:
    """Raise StoreError if another process has the outbox of these settings open, as far as that can be told.

    To be called before this process opens it. Of files it is told on Linux; of a database by the name of its
    connections, and not behind a pooler, which keeps them when their applications are gone.
    """
    if not address.is_ours(settings):
        _refuse_file(settings)
        return
    from pulp_events_postgres.connections import Connections

    where = address.from_settings(settings)
    connections = Connections(where)
    try:
        [(count, pid, host, name)] = connections.run(lambda own: own.execute(_OTHERS).fetchall())
    finally:
        connections.close()
    if count and connections.listen:
        raise StoreError(
            f"{where.shown} is in use: {count} connections named {name!r} (backend {pid}, "
            f"from {host or 'its own host'}); {_REMEDY}"
        )


_REMEDY = (
    "stop applications and workers, then copy: whatever they change in the meantime would be missed or delivered twice"
)


def _refuse_file(settings: Settings) -> None:
    from pulp_events.bus.stores import outbox_path
    from pulp_events.outbox.sqlite.open_elsewhere import open_elsewhere

    path = outbox_path(settings, settings.data_dir)
    user = open_elsewhere(path)
    if user is not None:
        raise StoreError(f"{path} is in use by {user}; {_REMEDY}")
