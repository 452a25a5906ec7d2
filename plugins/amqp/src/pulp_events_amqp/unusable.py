"""`Unusable`: why a broker lets us not in that is there and answers."""

from __future__ import annotations

from pulp_events import TransientFailure


class Unusable(TransientFailure):
    """Login, certificates or settings do not fit: not tried again at once, as only somebody who mends it can help.

    Repeated logins with a wrong password might even lock the account.
    """
