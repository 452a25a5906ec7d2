"""`Patience`: how long an outbox waits for other transactions, until a process that closes has no time left."""

from __future__ import annotations

from pathlib import Path


class Patience:
    """Of the reader and the writer of one outbox."""

    def __init__(self, timeout: float | None = None) -> None:
        """`timeout`: seconds; None: BUSY_TIMEOUT."""
        self.timeout = timeout
        self.end: float | None = None
        """Monotonic time from which nothing is waited for any more, also by who began to wait before it was set."""

    def until(self, limit: float | None = None) -> float | None:
        """The earlier of the end and another moment; None where there is neither."""
        if self.end is None or limit is None:
            return limit if self.end is None else self.end
        return min(self.end, limit)


def closing(path: Path) -> str:
    """Why a transaction was given up at the end."""
    return (
        f"{path} was locked by another transaction, of this process or another one, until the event bus had closed; "
        "nothing was stored"
    )
