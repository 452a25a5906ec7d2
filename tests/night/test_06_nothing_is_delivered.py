"""Nothing is delivered.

See that no worker runs, and start one.
"""

import pytest


@pytest.mark.slow
def test_no_worker_runs(night):
    night.listener("ci", night.endpoint("127.0.0.1:40001"))
    night.emit(3, late=1230.0)
    night.types(
        "pulp-admin event config check",
        """
        STATE    WHAT          FINDING
        ok       settings      line 1, [events]: data_dir, source
        ok       settings      /etc/pulp/server.conf
        ok       data folder   /var/lib/pulp/events, mode 0700
        ok       listeners     1 listener
        ok       outbox        3 pending, 0 delivered, 0 dead deliveries; schema …
        problem  workers       3 deliveries are due, the first for 40m 31s, and no
                               worker is known; start one: `pulp-admin event worker`
        …   clock         …
        ok       plugin amqp   loaded
        ok       plugin email  loaded
        ok       plugin http   loaded
        """,
        code=1,
    )
    night.types(
        "pulp-admin event worker list",
        """
        pulp-admin: note: no process is at work on the outbox
        """,
    )
    night.types(
        "pulp-admin event worker > worker.log 2>&1 &",
        """
        [1] 26565
        """,
    )
    night.until_delivered(3)
    night.types(
        "pulp-admin event worker list",
        """
        STATE       KIND    …
        delivering  worker  …
        """,
    )
    night.types(
        "pulp-admin event delivery stats",
        """
        LISTENER  TYPE  PENDING  DELIVERED  DEAD  LAST SUCCESS
        ci        http        0          3     0  2026-11-26 22:14:49 UTC
        (all)     -           0          3     0  -
        """,
    )
    night.types(
        "kill %1; wait",
        """
        [1]+  Done                    pulp-admin event worker > worker.log 2>&1
        """,
    )
