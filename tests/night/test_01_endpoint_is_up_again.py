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
        ID          EVENT TYPE       LISTENER  STATE    NEXT         WAITS  DETAIL
        01a219de.0  …po.sync.finish  ci        pending  11-27 03:10  retry  127.0.0.1:3…
        01a219d5.0  …po.sync.finish  ci        pending  11-27 03:58  retry  127.0.0.1:3…
        01a219cc.0  …po.sync.finish  ci        pending  11-27 02:31  retry  127.0.0.1:3…
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
        01a219de.0  11-26 21:58:59  repo.sync.finish  ci        delivered    2  200 OK
        01a219d5.0  11-26 21:48:59  repo.sync.finish  ci        delivered    2  200 OK
        01a219cc.0  11-26 21:38:58  repo.sync.finish  ci        delivered    2  200 OK
        """,
    )
