"""A team works on its receivers until 6:00.

Mute its listeners until then, for a reason. What is emitted meanwhile waits, and goes at 6:00, or when the mute is
ended.
"""

import pytest


@pytest.mark.slow
def test_a_team_is_muted_and_unmuted(night):
    web, ops = night.endpoint("127.0.0.1:40001"), night.endpoint("127.0.0.1:40002")
    night.listener("ci", web, labels={"team": "web"})
    night.listener("mirror", web, labels={"team": "web"})
    night.listener("audit", ops, labels={"team": "ops"})
    night.worker()
    night.let_pass("06:00")
    night.types(
        "pulp-admin event listener mute --label=team=web --until=06:00 --reason='new database'",
        """
        Mute 2 event listeners until 2026-11-27 06:00:00 UTC? [y/N] y
        2 event listeners successfully muted
        """,
        answers=["y"],
    )
    night.emit(1)
    night.until_delivered(1)
    night.types(
        "pulp-admin event listener list --muted --columns=name,muted",
        """
        NAME    MUTED
        ci      until 2026-11-27 06:00:00 UTC by root (new database)
        mirror  until 2026-11-27 06:00:00 UTC by root (new database)
        """,
    )
    night.types(
        "pulp-admin event delivery list --state=pending",
        """
        ID          TIME         EVENT TYPE        LISTENER  STATE    ATT  NEXT   WAITS
        01a21a23.1  11-26 23:14  repo.sync.finish  mirror    pending    0  06:00  mute
        01a21a23.0  11-26 23:14  repo.sync.finish  ci        pending    0  06:00  mute
        """,
    )
    night.meanwhile("They are ready early:")
    night.types(
        "pulp-admin event listener unmute --label=team=web",
        """
        Unmute 2 event listeners? [y/N] y
        2 event listeners successfully unmuted
        2 pending deliveries are due now
        """,
        answers=["y"],
    )
    night.until_delivered(3)
    night.types(
        "pulp-admin event delivery list",
        """
        ID          TIME            EVENT TYPE        LISTENER  STATE      ATT  DETAIL
        01a219e9.2  11-26 22:11:04  repo.sync.finish  audit     delivered    1  200 OK
        01a219e9.1  11-26 22:11:04  repo.sync.finish  mirror    delivered    1  200 OK
        01a219e9.0  11-26 22:11:04  repo.sync.finish  ci        delivered    1  200 OK
        """,
    )
