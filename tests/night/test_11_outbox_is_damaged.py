"""The outbox is damaged.

It is set aside by the next process that opens it, and a new one is used. What is readable of it can be recovered.
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
        problem  outbox        /var/lib/pulp/events/outbox.sqlite is damaged (*** in
                               database main *** Page 23: btreeInitPage() returns error
                               code 11); the next command or worker sets it aside;
                               `pulp-admin event recover` then recovers what is readable
        note     clock         the kernel reports that this machine's clock is not
                               synchronized; run chronyd or systemd-timesyncd
        ok       plugin amqp   loaded
        ok       plugin email  loaded
        ok       plugin http   loaded
        """,
        code=1,
    )
    night.worker()
    night.until(lambda: list(night.data.glob("*.corrupt-*")), "the outbox is set aside")
    night.emit(1)
    night.until_delivered(1)
    night.types(
        "ls /var/lib/pulp/events",
        """
        listeners.history  outbox.sqlite.corrupt-20261126T220003151368
        listeners.json     outbox.sqlite.corrupt-20261126T220003151368-shm
        listeners.lock     outbox.sqlite.corrupt-20261126T220003151368-wal
        outbox.sqlite      outbox.sqlite.lock
        outbox.sqlite-shm  outbox.sqlite.workers
        outbox.sqlite-wal
        """,
    )
    night.types(
        "pulp-admin event recover",
        """
        200 events and 200 deliveries recovered from
        /var/lib/pulp/events/outbox.sqlite.corrupt-20261126T220003151368, 200 of them
        pending
        """,
        code=None,
    )
    night.until_delivered(100)
    night.types(
        "pulp-admin event delivery stats",
        """
        LISTENER                  TYPE  PENDING  DELIVERED  DEAD
        6b08abe0c78d1e6df437007f  http  0        201        0
        all                       -     0        201        0
        """,
    )
