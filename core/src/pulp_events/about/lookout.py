"""`Lookout`: looks now and then at how listeners, deliveries and the outbox do, and has said what is new.

What is said follows from what the outbox and the history of listeners hold, and not from what a process saw: whoever
is killed between an attempt and the event about it leaves the event to whoever looks next. What was said is noted in
the same transaction as the events that say it, so that of several processes that see the same, one says it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from pulp_events.about import backlog, changes, counted, failing
from pulp_events.about.announcement import Announcement
from pulp_events.about.audience import is_heard, may_hear
from pulp_events.about.told import NOTE, Told
from pulp_events.errors import EventsError
from pulp_events.events.own_names import (
    BY_NAME,
    LISTENER_CHANGED,
    LISTENER_FAILING,
    LISTENER_RECOVERED,
    OUTBOX_BACKLOG,
)
from pulp_events.listeners.history import HistoryQuery, ListenerChange
from pulp_events.listeners.index import ListenerIndex
from pulp_events.listeners.listener import Listener
from pulp_events.listeners.store import ListenerHistory, ListenerStore
from pulp_events.outbox import activity_by_counting
from pulp_events.outbox.activity import By
from pulp_events.outbox.happened import LAST_AHEAD
from pulp_events.outbox.records import Health
from pulp_events.outbox.store import CountsWhatEnds, CountsWhatHappens, Outbox
from pulp_events.settings.settings import Settings
from pulp_events.system.clock import Clock, from_timestamp
from pulp_events.system.logs import get_logger

MOST = 500
"""Events of one kind that are said at once; the others follow in the next look, which is at once then."""
COMPLAINT = 60.0
"""Seconds between log lines about the same failure."""

_logger = get_logger(__name__)

Announce = Callable[[Sequence[Announcement], str | None, str], bool]
"""Stores these events with the second text noted, if the first one is what was noted before; False: it was not."""


class Lookout:
    """`look` is called often, and mostly returns at once."""

    def __init__(
        self,
        outbox: Outbox,
        store: ListenerStore,
        index: ListenerIndex,
        settings: Settings,
        clock: Clock,
        announce: Announce,
    ) -> None:
        self._outbox = outbox
        self._history = store if isinstance(store, ListenerHistory) else None
        self._index = index
        self._settings = settings.section("about")
        self._clock = clock
        self._announce = announce
        self._next = 0.0
        self._said = 0
        """Events of the last look."""
        self._looking = threading.Lock()
        self._known: object = None
        """The version of the listeners whose changes were looked at."""
        self._complained = ("", 0.0)

    def look(self, at_once: bool = False) -> bool:
        """Say what is new, if it is time to look, or at once; True if anything was said.

        Without listeners for it, nothing is asked of any store. A failure is logged: nothing that is delivered waits
        for this.
        """
        now = self._clock.monotonic()
        if (now < self._next and not at_once) or not self._looking.acquire(blocking=False):
            return False
        try:
            return self._look_now(now)
        finally:
            self._looking.release()

    def _look_now(self, now: float) -> bool:
        self._next = now + self._settings["every"]
        began = time.monotonic()
        try:
            wanted = {name for name in BY_NAME if self._index.matching(name)}
            if not any(each.hears_all for each in self._index.matching(OUTBOX_BACKLOG)):
                wanted.discard(OUTBOX_BACKLOG)  # others may ask for it, and do not get it
            self._said = 0
            if wanted and self._look(wanted):
                self._next = now
                return self._said > 0
        except EventsError as error:
            self._complain(str(error), now)
        # Where it takes long, it is done less often.
        self._next = max(self._next, now + 10 * (time.monotonic() - began))
        return self._said > 0

    def _look(self, wanted: set[str]) -> bool:
        """True if there is more to say."""
        told = Told(self._outbox.notes(NOTE).get(NOTE))
        now = self._clock.time()
        listeners = self._index.by_id()
        health: Callable[[], Mapping[str, Health]] = lru_cache(self._outbox.health)
        said: list[Announcement] = []
        full = False

        def add(found: list[Announcement]) -> None:
            nonlocal full
            full = full or len(found) >= MOST
            said.extend(found)

        if wanted & {LISTENER_FAILING, LISTENER_RECOVERED}:
            add(failing.look(told, health(), listeners, self._settings, now, MOST, self._is_heard))
        else:
            told.forget(failing.FAILING, failing.WELL)
        kinds = [kind for kind in counted.KINDS if kind in wanted]
        for kind in counted.KINDS.keys() - set(kinds):
            told.forget(kind)
            told.part(counted.FROM).pop(kind, None)
        if kinds:
            repeat = self._settings["repeat"]
            add(counted.look(told, kinds, self._counts, health, listeners, repeat, now, MOST, self._may_be_heard))
        version = self._index.version
        if LISTENER_CHANGED not in wanted:
            told.forget(changes.CHANGED)
        elif self._history is not None and (version != self._known or not told.has(changes.CHANGED)):
            # Of the first one who wants to know: whoever comes after him must not take from him what was before.
            begin = min(each.updated.timestamp() for each in self._index.matching(LISTENER_CHANGED))
            add(changes.look(told, self._changes, begin, MOST))
        if OUTBOX_BACKLOG in wanted:
            add(self._backlog(told, now))
        else:
            told.forget(backlog.BACKLOG)
        if told.changed:
            heard = [each for each in said if each.event_type in wanted]
            self._said = len(heard)
            if not self._announce(heard, told.noted, told.dump()):
                self._said = 0
                return True  # somebody else was quicker, with the same or with more
        self._known = None if full else version
        return full

    def _is_heard(self, said: Announcement) -> bool:
        """Whether anybody gets it; of who is failing, also whether anybody would hear of the recovery."""
        recovery = replace(said, event_type=LISTENER_RECOVERED)
        later = [recovery] if said.event_type == LISTENER_FAILING else []
        return any(is_heard(each, self._index.matching(each.event_type)) for each in (said, *later))

    def _may_be_heard(self, subject: Listener, event_type: str) -> bool:
        return any(may_hear(each, subject, event_type) for each in self._index.matching(event_type))

    def _counts(self, since: float, until: float | None) -> Mapping[str, Mapping[str, int]]:
        begin, end = from_timestamp(since), None if until is None else from_timestamp(until)
        if isinstance(self._outbox, CountsWhatEnds):
            return self._outbox.happened(counted.WORDS, begin, end)
        if isinstance(self._outbox, CountsWhatHappens):
            groups = self._outbox.activity(begin, end, By.LISTENER).groups
        else:
            now = from_timestamp(self._clock.time())
            groups = activity_by_counting.activity(self._outbox, begin, end, By.LISTENER, now=now).groups
        return {
            key: {**{str(way): number for way, number in each.ended.items()}, LAST_AHEAD: each.last_ahead}
            for key, each in groups.items()
        }

    def _changes(self, since: datetime) -> Sequence[ListenerChange]:
        return () if self._history is None else self._history.history(HistoryQuery(since=since))

    def _backlog(self, told: Told, now: float) -> list[Announcement]:
        if self._settings["backlog_age"] is None:
            return backlog.look(told, self._outbox.backlog(self._settings["backlog"] + 1), None, self._settings, now)
        stats = self._outbox.stats()
        return backlog.look(told, stats.pending, stats.oldest_pending, self._settings, now)

    def _complain(self, text: str, now: float) -> None:
        before, at = self._complained
        if text != before or now - at >= COMPLAINT:
            self._complained = (text, now)
            _logger.error("what becomes of listeners is not announced now: %s", text)
