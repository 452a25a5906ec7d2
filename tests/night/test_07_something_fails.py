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
        bus               0       4  100.0 %        4  2026-11-26 21:47:20 UTC
        ci                2       2   50.0 %        2  2026-11-26 22:07:21 UTC
        mirror            4       0      0 %        0  -

        6 deliveries and 6 failures from 2026-11-25 22:00:00 UTC to 2026-11-26 22:17:24
        UTC; 6 pending
        """,
    )
    night.types(
        "pulp-admin event listener list --failing --columns=name,type,failures,failing_since",
        """
        NAME  TYPE  FAILURES  FAILING SINCE
        ci    http         2  2026-11-26 22:17:22 UTC
        bus   amqp         4  2026-11-26 22:17:22 UTC
        """,
    )
    night.types(
        "pulp-admin event delivery list --listener-id=bus --columns=id,next,detail",
        """
        ID          NEXT   DETAIL
        01a219ef.2  02:20  amqp://127.0.0.1:40672 refused SASL PLAIN as user 'pulp'; ch…
        01a219e6.2  04:03  amqp://127.0.0.1:40672 refused SASL PLAIN as user 'pulp'; ch…
        01a219dc.2  04:08  amqp://127.0.0.1:40672 refused SASL PLAIN as user 'pulp'; ch…
        01a219d3.2  02:49  amqp://127.0.0.1:40672 refused SASL PLAIN as user 'pulp'; ch…
        """,
    )
    night.types(
        "pulp-admin event delivery show 01a219ef.2",
        """
        Attempts:       1
        Detail:         amqp://127.0.0.1:40672 refused SASL PLAIN as user 'pulp'; check
                        the user name and password in [messaging], and the mechanisms
                        that the broker offers
        Event Time:     2026-11-26 22:17:40 UTC
        Event Type:     repo.sync.finish
        Id:             01a219ef-9038-7e97-9d77-d91a621a75b3.2
        Listener Id:    6b08b00342fc1119dcd5da4a
        Listener Name:  bus
        Next Attempt:   2026-11-27 03:59:45 UTC
        Source:         pulp.example
        State:          pending
        Waits For:      retry: attempt 1 of 2 failed

        NO  STARTED      SECONDS  OUTCOME    RETRY AT     DETAIL
         1  11-26 22:17    0.001  transient  11-27 03:59  amqp://127.0.0.1:40672 refuse…

        {
          "call_report": {},
          "event_type": "repo.sync.finish",
          "payload": {
            "repo_id": "repo-4"
          }
        }
        """,
        scrolls=True,
    )
