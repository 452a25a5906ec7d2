"""A change went wrong.

Back up before it, and restore.
"""

import pytest


@pytest.mark.slow
def test_what_was_broken_is_restored(night):
    endpoint = night.endpoint("127.0.0.1:40001")
    for name in ("ci", "mirror"):
        night.listener(name, endpoint)
    night.emit(2)
    worker = night.worker()
    night.until_delivered(4)
    night.types(
        "pulp-admin event backup monday.backup",
        """
        2 listeners and 4 deliveries written to /home/operators/monday.backup
        """,
    )
    night.types("echo '{}' > /var/lib/pulp/events/listeners.json", "")
    night.types(
        "pulp-admin event listener list",
        """
        pulp-admin: error: /var/lib/pulp/events/listeners.json is truncated, or is not a
        listeners file; it was left unchanged; restore it from a backup, or move it away
        to start without listeners
        """,
        code=1,
    )
    night.types(
        "pulp-admin event restore monday.backup",
        """
        pulp-admin: error: /var/lib/pulp/events/outbox.sqlite is open in process 28410,…
        … delivers since … first; nothing was changed
        """,
        code=1,
    )
    night.meanwhile("Once the worker is stopped:")
    night.stop(worker)
    night.types(
        "pulp-admin event restore monday.backup",
        """
        2 listeners and 4 deliveries restored, as they were at 2026-11-26 22:12:04 UTC
        The previous file is kept as
        /var/lib/pulp/events/outbox.sqlite.before-20261126T221210845117
        The previous file is kept as
        /var/lib/pulp/events/listeners.json.before-20261126T221210845117
        """,
    )
    night.types(
        "pulp-admin event listener list --table",
        """
        ID…  NAME    TYPE  EVENT TYPES  STATE    LAST OUTCOME  LAST SUCCESS
        …  ci      http  *            enabled  delivered     …
        …  mirror  http  *            enabled  delivered     …
        """,
    )
