"""Deliveries that can never work.

Give them up, with a reason, before they are tried for another day.
"""

import pytest
from night_world import HOUR, Answer


@pytest.mark.slow
def test_what_can_never_work_is_given_up(night):
    endpoint = night.endpoint("127.0.0.1:40001")
    endpoint.answers(lambda request: Answer(422 if b"repo-2" in request.body else 200))
    night.listener("ci", endpoint, retry_schedule=[5 * HOUR, 10 * HOUR])
    night.emit(3)
    night.deliver()
    night.types(
        "pulp-admin event delivery list --state=pending --error=422",
        """
        ID          TIME         EVENT TYPE  LISTENER  NEXT   WAITS  DETAIL
        01a21a17.0  11-26 23:00  …nc.finish  ci        23:11  retry  422 Unprocessable…
        """,
    )
    night.types(
        "pulp-admin event delivery discard --listener-id=ci --error=422 --reason='repo-2 has no id'",
        """
        Discard 1 delivery? [y/N] y
        1 delivery discarded
        """,
        answers=["y"],
    )
    night.types(
        "pulp-admin event delivery list --listener-id=ci",
        """
        ID          TIME            EVENT TYPE        STATE      ATT  DETAIL
        01a21a23.0  11-26 23:14:30  repo.sync.finish  delivered    1  200 OK
        01a21a17.0  11-26 23:04:30  repo.sync.finish  dead         1  repo-2 has no id
        01a21a11.0  11-26 22:54:30  repo.sync.finish  delivered    1  200 OK
        """,
    )
