"""A secret leaked.

Give the listener another one, and lose no delivery: until the old one expires, each request is signed with both, so
the receiver may change over at any time.
"""

import pytest
from standardwebhooks import Webhook


@pytest.mark.slow
def test_both_secrets_are_valid_for_a_while(night):
    endpoint = night.endpoint("127.0.0.1:40001")
    night.listener("ci", endpoint, config={"url": endpoint.url, "secret": "whsec_b2xkIG9sZCBvbGQgb2xkIG9sZCBvbGQgb2xk"})
    night.worker()
    night.emit(1, late=600.0)
    night.until_delivered(1)
    night.types(
        "pulp-admin event listener http rotate-secret --listener-id=ci --overlap=2d",
        """
        Secret for the receiver: whsec_F2ST2nqMwf3vvlQcscGQye7j2wk9dx3ayQVBZ6giisc=
        The old secret also signs for 2d, until 2026-11-28 22:12:36 UTC.
        """,
    )
    night.meanwhile("The next event is delivered as usual:")
    night.emit(1)
    night.until_delivered(2)
    night.types(
        "pulp-admin event delivery list --listener-id=ci",
        """
        ID          TIME            EVENT TYPE        LISTENER  STATE      ATT  DETAIL
        01a219ed.0  11-26 22:15:54  repo.sync.finish  ci        delivered    1  200 OK
        01a219e4.0  11-26 22:05:50  repo.sync.finish  ci        delivered    1  200 OK
        """,
    )
    night.types(
        "pulp-admin event listener show --listener-id=ci",
        """
        Created:           2026-11-19 22:12:30 UTC
        Enabled:           true
        Event Types:       *
        Id:                6b08aece11aa6702db80c4ca
        Last Outcome:      delivered
        Last Success:      2026-11-26 22:12:36 UTC
        Name:              ci
        Notifier Config:
          Previous Secret:       ********
          Previous Secret Until: 2026-11-28T22:12:36+00:00
          Secret:                ********
          URL:                   http://127.0.0.1:40001/hook
        Notifier Type Id:  http
        Updated:           2026-11-26 22:12:36 UTC
        """,
    )
    for request in endpoint.sink.requests:
        Webhook("whsec_b2xkIG9sZCBvbGQgb2xkIG9sZCBvbGQgb2xk").verify(request.body, dict(request.headers))
