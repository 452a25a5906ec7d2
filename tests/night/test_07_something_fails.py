"""Something fails.

Which listener, since when, and how badly? Then: why?
"""

import pytest
from night_world import HOUR, Answer

from pulp_events_amqp.testing import AmqpBroker


@pytest.mark.slow
def test_which_listener_fails(night):
    broker = night.serves(AmqpBroker(users={"pulp": "a new password"}), "127.0.0.1:40672")
    night.configure(f"[messaging]\nurl = amqp://pulp:old@127.0.0.1:{broker.port}\n")
    good, bad = night.endpoint("127.0.0.1:40001"), night.endpoint("127.0.0.1:40002")
    bad.answers([Answer(), Answer(), Answer(503)])
    night.listener("mirror", good)
    night.listener("ci", bad, retry_schedule=[5 * HOUR])
    night.listener("bus", None, ["repo.sync.*"], "amqp", {"exchange": "pulp"}, retry_schedule=[5 * HOUR])
    night.emit(4)
    night.deliver()
    night.types(
        "pulp-admin event delivery stats --since=1d --sort=failing --columns=delivered,failed,failing,pending,oldest",
        """
        LISTENER  DELIVERED  FAILED  FAILING  PENDING  OLDEST PENDING
        bus               0       4  100.0 %        4  2026-11-26 21:44:53 UTC
        ci                2       2   50.0 %        2  2026-11-26 22:04:53 UTC
        mirror            4       0      0 %        0  -

        6 deliveries and 6 failures from 2026-11-25 22:00:00 UTC to 2026-11-26 22:14:56
        UTC; 6 pending
        """,
    )
    night.types(
        "pulp-admin event listener list --failing --columns=name,type,failures,failing_since",
        """
        NAME  TYPE  FAILURES  FAILING SINCE
        ci    http         2  2026-11-26 22:14:54 UTC
        bus   amqp         4  2026-11-26 22:14:54 UTC
        """,
    )
    night.types(
        "pulp-admin event delivery list --listener-id=bus --columns=id,next,detail",
        """
        ID          NEXT                     DETAIL
        01a219ed.2  2026-11-27 02:26:35 UTC  amqp://127.0.0.1:40672 refused SASL PLAIN…
        01a219e3.2  2026-11-27 04:14:31 UTC  amqp://127.0.0.1:40672 refused SASL PLAIN…
        01a219da.2  2026-11-27 03:53:24 UTC  amqp://127.0.0.1:40672 refused SASL PLAIN…
        01a219d1.2  2026-11-27 03:53:50 UTC  amqp://127.0.0.1:40672 refused SASL PLAIN…
        """,
    )
    night.types(
        "pulp-admin event delivery show 01a219ed.2",
        """
        pulp-admin: error: no delivery has the id '01a219e8.2';
        `pulp-admin event delivery list` shows them
        """,
    )
