"""`Rejected`: the one error for whatever is wrong with what arrived."""

from __future__ import annotations


class Rejected(ValueError):
    """What arrived is not to be used.

    Its text says what is wrong and holds nothing of a secret, a signature or the body, so it may be logged and be the
    answer. `status` is the HTTP status to answer with: 401 for a signature that does not verify, 415 for a content
    type that cannot be read, 400 otherwise. After each of them pulp-events tries again by its retry schedule, so that
    nothing is lost while a secret or a receiver is being fixed.
    """

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status
