"""A listener has the wrong URL.

Correct it, and what waits goes by itself: a new configuration makes the listener's pending deliveries due. A refusal
that an administrator can end, such as 404, does not make a delivery dead.
"""

import pytest
from night_world import HOUR, Answer


@pytest.mark.slow
def test_a_new_url_sends_what_waits(night):
    wrong, right = night.endpoint("127.0.0.1:40001"), night.endpoint("127.0.0.1:40002")
    wrong.answers(Answer(404))
    night.listener("ci", wrong, retry_schedule=[5 * HOUR, 10 * HOUR])
    night.worker()
    night.emit(3)
    night.until_attempted(3)
    night.types(
        "pulp-admin event listener list --failing --columns=name,failing_since,last_outcome",
        """
        NAME  FAILING SINCE            LAST OUTCOME
        ci    2026-11-26 22:10:49 UTC  failed
        """,
    )
    night.types(
        "pulp-admin event listener http update --listener-id=ci --url=http://127.0.0.1:40002/hook",
        """
        Event listener successfully updated
        3 pending deliveries become due within a minute
        """,
    )
    night.until_delivered(3)
    night.types(
        "pulp-admin event delivery list --listener-id=ci",
        """
        ID          TIME            EVENT TYPE        LISTENER  STATE      ATT  DETAIL
        01a219e9.0  11-26 22:10:47  repo.sync.finish  ci        delivered    2  200 OK
        01a219e0.0  11-26 22:00:47  repo.sync.finish  ci        delivered    2  200 OK
        01a219d6.0  11-26 21:50:47  repo.sync.finish  ci        delivered    2  200 OK
        """,
    )
    assert len(right.sink.requests) == 3
