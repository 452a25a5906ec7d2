"""For receivers of pulp-events: what arrives is verified, read, and applied once.

    from pulp_events_receiver import Rejected, Verifier, read_http
    from pulp_events_receiver.seen.sqlite import Seen

    verifier, seen = Verifier("whsec_…"), Seen()
    received = read_http(request.headers, request.body, verifier)    # raises Rejected
    with connection:                                                 # one transaction
        if seen.first(connection, received.delivery_id):
            ...                                                      # what the event is to do, in this transaction

Depends on nothing, on pulp-events neither. Ids are dropped by `seen.sqlite`, `seen.postgres`, `seen.sqlalchemy` or
`seen.django`, of which each imports its own library.
"""

from __future__ import annotations

from pulp_events_receiver.amqp import read_amqp
from pulp_events_receiver.http import read_http
from pulp_events_receiver.received import Received
from pulp_events_receiver.rejected import Rejected
from pulp_events_receiver.signatures import Verifier

__all__ = ["Received", "Rejected", "Verifier", "read_amqp", "read_http"]
