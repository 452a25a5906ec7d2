"""`Unusable`: why a broker that is there and answers does not let us in."""

from __future__ import annotations

from pulp_events import TransientFailure


class Unusable(TransientFailure):
    """Login, certificates or settings do not fit: not tried again at once, as only somebody who fixes them can help.

    Repeated logins with a wrong password might even lock the account.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message, credentials=True)
