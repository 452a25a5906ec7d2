"""The outbox is damaged.

It is set aside by the first process that comes upon the damage, and a new one is used.
What is readable of it can be recovered.
"""

import pytest


@pytest.mark.slow
def test_what_is_readable_is_delivered(night):
    endpoint = night.endpoint("127.0.0.1:40001")
    night.listener("ci", endpoint)
    night.emit(200)
    night.damage()
    night.types(
        "pulp-admin event config check",
        """
        STATE    WHAT          FINDING
        ok       settings      line 1, [events]: data_dir, source
        ok       settings      /etc/pulp/server.conf
        ok       data folder   /var/lib/pulp/events, mode 0700
        ok       listeners     1 listener
        problem  outbox        /var/lib/pulp/events/outbox.sqlite is damaged (…
                               recovers what is readable
        …   clock         …
        ok       plugin amqp   loaded
        ok       plugin email  loaded
        ok       plugin http   loaded
        """,
        code=1,
    )
    night.meanwhile("A worker starts, and sets it aside:")
    night.worker()
    night.until(lambda: list(night.data.glob("*.corrupt-*")), "the outbox is set aside")
    night.emit(1)
    night.until_delivered(1)
    night.types(
        "ls /var/lib/pulp/events/*.corrupt-*",
        """
        /var/lib/pulp/events/outbox.sqlite.corrupt-20261126T221013214671…
        """,
    )
    night.types(
        "pulp-admin event recover",
        """
        176 events and 176 deliveries recovered from
        /var/lib/pulp/events/outbox.sqlite.corrupt-20261126T221013214671, 152 of them
        pending
        not everything was recovered: 2 places could not be read, where at most 24
        events stood
        """,
        code=3,
    )
    night.until_all_delivered()
    night.types(
        "pulp-admin event delivery list --state=pending",
        """
        pulp-admin: note: no deliveries match --state=pending
        """,
    )
