"""`record_events`: buses of this process have their records in memory, and send nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from pulp_events.bus.delivering import Delivering
from pulp_events.bus.homes import Home, Movable, moved_in
from pulp_events.listeners.in_memory_store import InMemoryListenerStore
from pulp_events.outbox.sqlite.in_memory import Database
from pulp_events.settings.kept import KEEP_ALL
from pulp_events.testing.recording.asked import check_known
from pulp_events.testing.recording.emitted import EmittedEvents
from pulp_events.testing.recording.outbox import RecordingOutbox
from pulp_events.testing.recording.silent import silenced
from pulp_events.testing.recording.transactions import Transactions

if TYPE_CHECKING:
    from pulp_events.events.event_type import EventTypes
    from pulp_events.outbox.records import NewEvent
    from pulp_events.testing.recording.event import EmittedEvent


@dataclass
class _Place:
    """What buses share that would share their stores, too."""

    store: InMemoryListenerStore = field(default_factory=InMemoryListenerStore)
    database: Database = field(default_factory=Database)


class Recorder:
    """Implements `StandIn`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: dict[tuple[object, ...], _Place] = {}
        self._outboxes: list[RecordingOutbox] = []
        self._noted: dict[tuple[RecordingOutbox, str], None] = {}
        self._registries: list[EventTypes] = []
        self.events = EmittedEvents(self)

    def home_for(self, bus: Movable) -> Home:
        """See `StandIn`. Every event is kept, also one that no listener hears."""
        storage, events = bus.settings.section_as_written("storage"), bus.settings.section("events")
        with self._lock:
            place = self._places.setdefault((bus.data_dir, storage["url"], events["outbox"]), _Place())
        transactions = Transactions(bus.settings, bus.plugins, bus.data_dir, bus.clock)
        outbox = RecordingOutbox(bus.clock, place.database, transactions, self._note)
        settings = bus.settings.but("events", keep=KEEP_ALL)
        silent = silenced(bus.plugins)
        delivering = Delivering("inline", settings, silent, bus.data_dir, bus.clock, Random(), outbox=outbox)
        outbox.deliver = lambda: delivering.dispatcher.run_due()
        with self._lock:
            self._outboxes.append(outbox)
            self._registries.append(bus.plugins.event_types)
        return Home(settings, silent, place.store, delivering)

    def noted(self) -> list[tuple[RecordingOutbox, str]]:
        """Each event that was emitted, in the order of `emit`: where it is, unless its transaction keeps it out."""
        with self._lock:
            return list(self._noted)

    def uncommitted(self) -> list[NewEvent]:
        """Events in transactions that are open, or were rolled back."""
        for each in list(self._outboxes):
            each.settle()
        return [event for each in list(self._outboxes) for event in each.transactions.uncommitted]

    def forget(self) -> None:
        """Begin again."""
        with self._lock:
            self._noted.clear()

    def check_known(self, name: str, recorded: Iterable[EmittedEvent]) -> None:
        """See `Recording`."""
        check_known(name, list(self._registries), (each.event_type for each in recorded))

    def close(self) -> None:
        """Let go of databases of the application. What was recorded by then can still be asked for."""
        for each in self._outboxes:
            each.settle()
            each.transactions.close()

    def _note(self, outbox: RecordingOutbox, events: Sequence[NewEvent]) -> None:
        with self._lock:
            for each in events:
                self._noted.pop((outbox, each.id), None)  # of a transaction that was rolled back, and made again
                self._noted[outbox, each.id] = None


@contextmanager
def record_events() -> Iterator[EmittedEvents]:
    """Within the block, no bus of this process reads or writes its own stores, or sends anything.

    That holds for buses that are open already and for those that are opened in the block, which stay in memory
    afterwards. Their settings, event types and plugins are their own: what `emit` refuses, and how plugins change
    events, is as it is elsewhere. They begin without listeners. Other processes are not recorded.

        >>> from pulp_events import EventBus
        >>> with record_events() as events, EventBus.open(plugins=False) as bus:
        ...     sent = bus.emit("repo.sync.start", {"repo_id": "pulp2"})
        >>> bool(events.emitted("repo.sync.start", repo_id="pulp2"))
        True
    """
    recorder = Recorder()
    try:
        with moved_in(recorder):
            yield recorder.events
    finally:
        recorder.close()
