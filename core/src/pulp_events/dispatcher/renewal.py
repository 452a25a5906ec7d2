"""`Renewal`: a changed configuration ends the waits that the old one led to.

Whoever may attempt a listener's deliveries first lets the outbox remember by which configuration (`Outbox.renew`).
Where that is another one than before, what waits for a retry becomes due. So it does not matter who changed the record,
where, or whether anybody was there to notice: it is found by whoever delivers next.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Mapping

from pulp_events.frozen import thaw
from pulp_events.listeners.index import ListenerIndex
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.store import Outbox

DISABLED = ""
"""What is remembered of a listener while it is disabled, so that enabling it is a change."""


def same(one: Listener, other: Listener) -> bool:
    """Whether attempts by these two records of a listener go alike: the same address, within the same time, and tried
    again by the same schedule. What it is called, gets, or may have in a second makes no failed attempt succeed."""
    return (
        one.notifier_config == other.notifier_config
        and one.timeout == other.timeout
        and one.retry_schedule == other.retry_schedule
        and one.enabled == other.enabled
    )


def mark(listener: Listener) -> str:
    """A text that differs where two records are not the `same`.

    It is so short that no secret in the configuration can be found from it by trying: very many others fit as well.
    """
    if not listener.enabled:
        return DISABLED
    parts = [listener.notifier_type_id, thaw(listener.notifier_config), listener.timeout, listener.retry_schedule]
    text = json.dumps([listener.id, *parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]


class Renewal:
    """Of one dispatcher; any of its threads may ask."""

    def __init__(self, index: ListenerIndex, outbox: Outbox, dice: random.Random) -> None:
        self._index = index
        self._outbox = outbox
        self._dice = dice
        self._seen: dict[str, Listener] = {}
        """Records as they were when the outbox was told."""

    def all_of(self, listener_ids: Iterable[str]) -> bool:
        """See to these, by their records as they are now; True if the outbox was told of any. Raises StoreError."""
        records = self._index.by_id()
        if len(self._seen) > 2 * len(records) + 100:
            self._seen = {each: record for each, record in self._seen.items() if each in records}
        seen = self._seen
        found = [
            record
            for each in listener_ids
            if (record := records.get(each)) is not None and seen.get(each) is not record
        ]
        return bool(found) and self.of(found)

    def of(self, listeners: Iterable[Listener]) -> bool:
        """The same for these records."""
        new: dict[str, Listener] = {}
        for listener in listeners:
            before = self._seen.get(listener.id)
            if before is listener:
                continue
            # Enabled again, it may be as it was, and the outbox was told to forget.
            if before is not None and before.updated == listener.updated and same(before, listener):
                self._seen[listener.id] = listener
            else:
                new[listener.id] = listener
        if not new:
            return False
        marks: Mapping[str, str] = {each: mark(listener) for each, listener in new.items()}
        while self._outbox.renew(marks, self._dice.random):
            pass
        self._seen.update(new)
        return True
