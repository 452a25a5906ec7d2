"""`live`: does the dispatcher of a process turn?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from pulp_events.errors import EventsError
from pulp_events.health.answer import Aspect, Trouble
from pulp_events.health.words import NAMED, span
from pulp_events.outbox.presence import Presence

if TYPE_CHECKING:
    from pulp_events.outbox.store import Outbox

HANGS = 45.0
"""Seconds after which a dispatcher of this very process that does not turn hangs, beside the time of a store."""


class Processes:
    """Those whose heartbeats the outbox has, of one host or of all."""

    def __init__(self, outbox: Outbox, host: str | None, silence: float) -> None:
        self._outbox = outbox
        self._host = host
        self._silence = silence
        self.found: list[Presence] = []
        """Who is at work, and who was until killed."""

    def read(self) -> None:
        """Read them, once. Raises StoreError."""
        if not self.found:
            self.found = [each for each in self._outbox.presences() if self._host is None or each.host == self._host]

    @property
    def delivering(self) -> list[Presence]:
        """Those that deliver."""
        return [each for each in self.found if self._delivers(each)]

    @property
    def gone(self) -> int:
        """How many delivered, and ended without saying so, or hang."""
        return sum(each.delivers and not self._delivers(each) for each in self.found)

    @property
    def last_seen(self) -> datetime | None:
        """When one that delivers, or was killed, was last heard; one that ended by itself is forgotten."""
        return max((each.last_seen for each in self.found if each.delivers), default=None)

    def troubles(self, own: float | None, store_timeout: float) -> Iterator[Trouble]:
        """`own`: seconds since the dispatcher of this process turned; None if it has none."""
        if own is not None and own > HANGS + store_timeout:
            yield Trouble(
                Aspect.LIVE, "hanging", f"the dispatcher of this process has hung for {span(own)}; restart it"
            )
        try:
            self.read()
        except EventsError as error:
            if own is None:
                yield Trouble(Aspect.LIVE, "no-process", f"it cannot be told whether a process delivers: {error}")
            return
        if own is not None or self.delivering:
            return
        here = f" on {self._host}" if self._host is not None else ""
        hanging = [each for each in self.found if each.delivers and not each.gone]
        if hanging:
            named = ", ".join(str(each.pid) for each in hanging[:NAMED])
            text = f"no process{here} delivers: {named} gave no sign of life for {span(hanging[0].silent)}; restart it"
        else:
            # Who ended by itself is forgotten, and may have been later.
            killed, at = "one that was killed was last seen at", self.last_seen
            last = "" if at is None else f" ({killed} {at:%Y-%m-%d %H:%M:%S} UTC)"
            text = f"no process{here} delivers{last}; start a worker: `pulp-admin event worker`"
        yield Trouble(Aspect.LIVE, "no-process", text)

    def _delivers(self, each: Presence) -> bool:
        return each.delivers and not each.gone and each.silent <= self._silence


def own_host() -> str:
    """What this machine, or container, calls itself, as heartbeats do."""
    return os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
