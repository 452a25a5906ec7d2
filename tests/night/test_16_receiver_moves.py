"""A receiver moves.

Try the new address, give it what it missed, and switch the old one off.
"""

import pytest


@pytest.mark.slow
def test_a_receiver_moves(night):
    old, _ = night.endpoint("127.0.0.1:40001"), night.endpoint("127.0.0.1:40002")
    night.configure("keep = all\n")
    night.listener("ci", old, ["repo.sync.finish"])
    night.emit(3, late=3600.0)
    night.deliver()
    night.types(
        "pulp-admin event listener http create --name=new-ci --event-type=repo.sync.finish "
        "--url=http://127.0.0.1:40002/hook",
        """
        Event listener successfully created
        """,
    )
    night.types(
        "pulp-admin event listener test --listener-id=new-ci",
        """
        OUTCOME    MILLISECONDS  DETAIL
        delivered             …  200 OK

        Details of this attempt:
          POST http://127.0.0.1:40002/hook
        """,
    )
    night.types(
        "pulp-admin event listener backtest new-ci --since=1d",
        """
        3 of 3 stored events of its types would be sent, in 3 messages
        + 3 would be sent, and have no delivery
        3 of them were emitted before the listener was created

           EVENT     TIME                     EVENT TYPE        WOULD GO  DELIVERY
        +  01a219a1  2026-11-26 20:52:50 UTC  repo.sync.finish  yes       none
        +  01a219ab  2026-11-26 21:02:50 UTC  repo.sync.finish  yes       none
        +  01a219b4  2026-11-26 21:12:50 UTC  repo.sync.finish  yes       none
        """,
    )
    night.types(
        "pulp-admin event listener backfill new-ci --since=1d",
        """
        3 deliveries added
        """,
        answers=[],
    )
    night.types(
        "pulp-admin event listener disable --listener-id=ci --reason='moved to new-ci'",
        """
        Event listener successfully disabled
        """,
    )
    night.deliver()
    night.types(
        "pulp-admin event delivery list --since=1d",
        """
        ID          TIME            EVENT TYPE        LISTENER  STATE      ATT  DETAIL
        01a219b4.1  11-26 21:15:58  repo.sync.finish  new-ci    delivered    1  200 OK
        01a219b4.0  11-26 21:15:58  repo.sync.finish  ci        delivered    1  200 OK
        01a219ab.1  11-26 21:05:58  repo.sync.finish  new-ci    delivered    1  200 OK
        01a219ab.0  11-26 21:05:58  repo.sync.finish  ci        delivered    1  200 OK
        01a219a1.1  11-26 20:55:58  repo.sync.finish  new-ci    delivered    1  200 OK
        01a219a1.0  11-26 20:55:58  repo.sync.finish  ci        delivered    1  200 OK
        """,
    )
