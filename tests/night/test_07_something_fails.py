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
        LISTENER    RATE  DELIV  FAILED  FAILING  DEAD   P50 S  P95 S  PENDING  TREND
        bus            0      0       4  100.0 %     0  0.0085  0.029        4  ······█
        ci        1.98/d      2       2   50.0 %     0  0.0043  0.024        2  ······█
        mirror    3.97/d      4       0      0 %     0  0.0036  0.024        0  ······█

        6 deliveries and 6 failures from 2026-11-25 22:00:00 UTC to 2026-11-26 22:11:32
        UTC; 6 pending
        """,
    )
    night.types(
        "pulp-admin event listener list --failing --columns=name,type,failures,failing_since",
        """
        NAME  TYPE  FAILURES  FAILING SINCE
        ci    http         2  2026-11-26 22:09:59 UTC
        bus   amqp         4  2026-11-26 22:10:00 UTC
        """,
    )
    night.types(
        "pulp-admin event delivery list --listener-id=bus --columns=id,next,detail",
        """
        ID          NEXT                     DETAIL
        01a219e8.2  2026-11-27 02:19:47 UTC  amqp://127.0.0.1:40672 refused SASL PLAIN…
        01a219df.2  2026-11-27 03:15:47 UTC  amqp://127.0.0.1:40672 refused SASL PLAIN…
        01a219d6.2  2026-11-27 03:32:33 UTC  amqp://127.0.0.1:40672 refused SASL PLAIN…
        01a219cd.2  2026-11-27 02:21:46 UTC  amqp://127.0.0.1:40672 refused SASL PLAIN…
        """,
    )
    night.types(
        "pulp-admin event delivery show 01a219e8.2",
        """
        Attempts:       1
        Detail:         amqp://127.0.0.1:40672 refused SASL PLAIN as user 'pulp'; check
                        the user name and password in [messaging], and the mechanisms
                        that the broker offers
        Event Time:     2026-11-26 22:11:29 UTC
        Event Type:     repo.sync.finish
        Id:             01a219e9-e972-7fd5-8d5d-349760603319.2
        Listener Id:    6b08ae9140a482b75980c4c2
        Listener Name:  bus
        Next Attempt:   2026-11-27 02:41:41 UTC
        Source:         pulp.example
        State:          pending
        Waits For:      retry: attempt 1 of 2 failed

        ATTEMPT  STARTED      SECONDS  OUTCOME    RETRY AT     DETAIL
              1  11-26 22:11    0.031  transient  11-27 02:41  amqp://127.0.0.1:40672 r…

        {
          "call_report": {},
          "event_type": "repo.sync.finish",
          "payload": {
            "repo_id": "repo-4"
          }
        }
        """,
    )
