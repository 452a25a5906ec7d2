"""A receiver lost what it had.

Send it last night's events again. Each is a delivery of its own, with an id of its own. The command may be repeated:
what was sent again is passed over.
"""

import pytest
from night_world import HOUR


@pytest.mark.slow
def test_last_nights_events_are_sent_again(night):
    mirror = night.endpoint("127.0.0.1:40001")
    night.listener("mirror", mirror)
    night.emit(2, late=6 * HOUR)
    night.emit(1, late=30 * HOUR)
    night.deliver()
    night.types(
        "pulp-admin event delivery retry --state=delivered --listener-id=mirror --since=12h --dry-run",
        """
        2 deliveries would be sent again
        """,
    )
    night.types(
        "pulp-admin event delivery retry --state=delivered --listener-id=mirror --since=12h",
        """
        Send 2 deliveries again? [y/N] y
        2 deliveries are sent again
        """,
        answers=["y"],
    )
    night.types(
        "pulp-admin event delivery retry --state=delivered --listener-id=mirror --since=12h",
        """
        0 deliveries are sent again
        2 deliveries passed over: sent again before; --again sends the latest of each
        again
        """,
    )
    night.deliver()
    night.types(
        "pulp-admin event delivery list --listener-id=mirror --since=12h",
        """
        ID          TIME            EVENT TYPE        LISTENER  STATE      ATT  DETAIL
        01a2189f.1  11-26 16:10:55  repo.sync.finish  mirror    delivered    1  200 OK
        01a2189f.0  11-26 16:10:55  repo.sync.finish  mirror    delivered    1  200 OK
        01a21896.1  11-26 16:00:55  repo.sync.finish  mirror    delivered    1  200 OK
        01a21896.0  11-26 16:00:55  repo.sync.finish  mirror    delivered    1  200 OK
        """,
    )
    assert [request.path for request in mirror.sink.requests] == ["/hook"] * 5
