"""The outbox is full.

The disk is filling up, or `emit` is refused: what fills it, and what may go?
"""

import pytest
from night_world import DAY, Answer


@pytest.mark.slow
def test_what_fills_the_disk_is_purged(night):
    good, gone = night.endpoint("127.0.0.1:40001"), night.endpoint("127.0.0.1:40002")
    night.listener("mirror", good)
    night.emit(4, late=3 * DAY)
    night.deliver()
    night.listener("old-ci", gone)
    gone.answers(Answer(503))
    night.emit(4, late=2 * DAY)
    night.deliver()
    night.configure("max_backlog = 4\n")
    night.types(
        'pulp-admin event emit repo.sync.finish --payload=\'{"repo_id": "repo-1"}\'',
        """
        pulp-admin: error: the outbox has at least 4 of at most 4 pending deliveries
        ([events] max_backlog), and 2 more are too many;
        `pulp-admin event delivery stats` shows whose they are; run more workers;
        nothing was stored
        """,
        code=1,
    )
    night.types(
        "du -h /var/lib/pulp/events/outbox.sqlite",
        """
        …     /var/lib/pulp/events/outbox.sqlite
        """,
    )
    night.types(
        "pulp-admin event delivery stats",
        """
        LISTENER  TYPE  PENDING  DELIVERED  DEAD  LAST SUCCESS
        mirror    http        0          8     0  2026-11-26 22:15:02 UTC
        old-ci    http        4          0     0  -
        (all)     -           4          8     0  -

        Oldest pending event: 2026-11-24 21:45:02 UTC
        """,
    )
    night.types(
        "pulp-admin event delivery purge --state=delivered --until=1d",
        """
        Delete 8 deliveries? [y/N] y
        8 deliveries deleted
        """,
        answers=["y"],
    )
    night.types(
        "pulp-admin event delivery discard --listener-id=old-ci --reason='that CI is gone'",
        """
        Discard 4 deliveries? [y/N] y
        4 deliveries discarded
        """,
        answers=["y"],
    )
    night.types(
        "pulp-admin event delivery stats",
        """
        LISTENER  TYPE  PENDING  DELIVERED  DEAD  LAST SUCCESS
        mirror    http        0          0     0  2026-11-26 22:15:02 UTC
        old-ci    http        0          0     4  -
        (all)     -           0          0     4  -
        """,
    )
    night.types(
        'pulp-admin event emit repo.sync.finish --payload=\'{"repo_id": "repo-1"}\' --no-wait',
        """
        Event 01a219ed-5756-7924-a9f1-eaa1740c6bd2 emitted
        LISTENER  TYPE  STATE
        mirror    http  pending
        old-ci    http  pending
        """,
    )
