"""What the program itself is doing, beside what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pulp_events_cli.top.lines import Line, Piece
from pulp_events_cli.top.state import View
from pulp_events_cli.top.words import age, clock


@dataclass(frozen=True)
class Status:
    """How the data came that is shown."""

    now: datetime
    read: datetime | None = None
    """When the store answered last; None: not yet."""
    every: float = 2.0
    """Seconds between two answers."""
    counted: float = 0.0
    """Seconds between two counts of what happened; longer where there are very many listeners."""
    problem: str = ""
    """Why it did not answer since."""
    doing: str = ""
    """The command that is under way."""
    unicode: bool = True
    """The terminal can show more than ASCII."""
    place: str = ""
    """Whose deliveries these are: the host."""

    def said(self, view: View) -> Piece:
        """What stands above the keys, where nothing is asked: what went wrong first."""
        if self.problem:
            since = "" if self.read is None else f" (shown: {clock(self.read)})"
            return self.problem + since, "bad"
        if self.doing:
            return self.doing, "note"
        if view.message is not None:
            return view.message.text, str(view.message.tone)
        if self.read is None:
            return "asking the store…" if self.unicode else "asking the store...", "dim"
        return "", ""

    def title(self) -> str:
        """What the first page is about."""
        return f"events{' on ' + self.place if self.place else ''}"

    def corner(self) -> Line:
        """Time, and how often it is read."""
        slow = f", counts every {_span(self.counted)}" if self.counted > self.every else ""
        return [(f"{clock(self.now)}  every {_span(self.every)}{slow}", "dim")]


def _span(seconds: float) -> str:
    return f"{seconds:.0f}s" if seconds < 60 else age(seconds)
