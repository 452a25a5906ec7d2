"""An endpoint is up again.

It was down for hours. What failed is attempted again by its schedule, whose steps grow to ten hours;
`retry --pending` ends the wait.
"""

import pytest
from night_world import HOUR


@pytest.mark.slow
def test_what_waits_is_sent_now(night):
    endpoint = night.endpoint("127.0.0.1:40001")
    night.listener("ci", endpoint, retry_schedule=[5 * HOUR, 10 * HOUR])
    endpoint.down()
    night.worker()
    night.emit(3)
    night.until_attempted(3)
    endpoint.up()
    night.types(
        "pulp-admin event delivery list --state=pending",
        """
        ID          TIME         EVENT TYPE   LISTENER  NEXT   WAITS  DETAIL
        01a21a23.0  11-26 23:14  …ync.finish  ci        04:14  retry  Connection refused
        01a21a1a.0  11-26 23:04  …ync.finish  ci        03:39  retry  Connection refused
        01a21a10.0  11-26 22:54  …ync.finish  ci        04:48  retry  Connection refused
        """,
    )
    night.types(
        "pulp-admin event delivery retry --pending --listener-id=ci",
        """
        Make 3 deliveries due now? [y/N] y
        3 deliveries are due now
        """,
        answers=["y"],
    )
    night.until_delivered(3)
    night.types(
        "pulp-admin event delivery list --listener-id=ci",
        """
        ID          TIME            EVENT TYPE        LISTENER  STATE      ATT  DETAIL
        01a219e9.0  11-26 22:10:42  repo.sync.finish  ci        delivered    2  200 OK
        01a219e0.0  11-26 22:00:42  repo.sync.finish  ci        delivered    2  200 OK
        01a219d6.0  11-26 21:50:41  repo.sync.finish  ci        delivered    2  200 OK
        """,
    )
