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
        "pulp-admin event delivery stats --since=1d --sort=failing",
        """
        LISTENER    RATE  DELIVERED  FAILED  FAILING  DEAD   P95 S  PENDING  TREND
        bus            0          0       4  100.0 %     0    0.01        4  ······█
        ci        1.99/d          2       2   50.0 %     0  0.0072        2  ······█
        mirror    3.98/d          4       0      0 %     0  0.0072        0  ······█

        6 deliveries and 6 failures from 2026-11-25 22:00:00 UTC to 2026-11-26 22:07:54
        UTC; 6 pending
        """,
    )
    night.types(
        "pulp-admin event listener list --failing --columns=name,type,failures,failing_since",
        """
        NAME  TYPE  FAILURES  FAILING SINCE
        ci    http         2  2026-11-26 21:55:23 UTC
        bus   amqp         4  2026-11-26 21:55:43 UTC
        """,
    )
    night.types(
        "pulp-admin event delivery list --listener-id=bus --limit=1",
        """
        ID          EVENT TYPE  LISTENER  STATE    NEXT         WAITS  DETAIL
        01a219e6.2  …nc.finish  bus       pending  11-27 03:41  retry  amqp://127.0.0.1…

        There may be more; continue with --before 01a219db-b757-7991-849a-7a6b125fe70d.2
        """,
    )
    night.types(
        "pulp-admin event delivery show 01a219db.2",
        """
        pulp-admin: error: no delivery has the id '01a219db.2';
        `pulp-admin event delivery list` shows them
        """,
    )
