"""Which listeners an event concerns, answered from memory."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING

from pulp_events.errors import StoreCorrupt, StoreError, StoreTooNew
from pulp_events.events import pattern
from pulp_events.listeners.lookup import named
from pulp_events.system import forks
from pulp_events.system.exclusive import Exclusive, Reentered
from pulp_events.system.logs import get_logger

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener
    from pulp_events.listeners.store import ListenerStore

_logger = get_logger(__name__)


class _Snapshot:
    """The records at one version of the store."""

    def __init__(self, version: Hashable | None, listeners: Sequence[Listener]) -> None:
        self.version = version
        self.by_id = {listener.id: listener for listener in listeners}
        self.by_event_type: dict[str, tuple[Listener, ...]] = {}

    def matching(self, event_type: str) -> tuple[Listener, ...]:
        found = self.by_event_type.get(event_type)
        if found is None:
            found = tuple(
                listener
                for listener in self.by_id.values()
                if any(pattern.matches(text, event_type) for text in listener.event_types)
            )
            self.by_event_type[event_type] = found
        return found


class ListenerIndex:
    """The listeners, read again only when the store's version changed: one `stat` for each question.

    Should the store become unreadable while the application runs, the last good records stay in use and the error is
    logged; if there never were any, it is raised.
    """

    def __init__(self, store: ListenerStore, before: ListenerIndex | None = None) -> None:
        """`before`: that of the parent process; what it has read need not be read again."""
        self._store = store
        self._snapshot: _Snapshot | None = None if before is None else before._snapshot
        self._reported: StoreError | None = None
        self._unreadable: Hashable | None = None
        self._exclusive = Exclusive("reading the listeners")
        forks.take_part(self)

    def matching(self, event_type: str) -> tuple[Listener, ...]:
        """The listeners, enabled or not, one of whose event types or patterns matches `event_type`."""
        return self._current().matching(event_type)

    def get(self, listener_id: str) -> Listener | None:
        """The listener with this id, if there is one."""
        return self._current().by_id.get(listener_id)

    def named(self, name: str) -> Listener | None:
        """The listener with this name, if there is one. StoreError if several have it."""
        return named(self._current().by_id.values(), name)

    def read_now(self, listener_id: str) -> Listener | None:
        """The same, read from the store at this moment. Raises StoreError."""
        return next((listener for listener in self._store.all() if listener.id == listener_id), None)

    def is_broken(self, listener_id: str) -> bool:
        """True if there is a record with this id that cannot be used. Raises StoreError."""
        return listener_id in self._store.broken()

    def all(self) -> list[Listener]:
        """Every listener."""
        return list(self._current().by_id.values())

    def by_id(self) -> Mapping[str, Listener]:
        """Every listener by its id: one and the same record until it is read again."""
        return self._current().by_id

    def known_ids(self) -> list[str] | None:
        """The ids of every listener, those of records that cannot be used too; None while the store is away."""
        return [*self._current().by_id, *self._store.broken()] if self.exists else None

    @property
    def version(self) -> Hashable | None:
        """Differs after each change of any record."""
        return self._current().version

    @property
    def failure(self) -> StoreError | None:
        """For which the records known so far stay in use; None if they are those of the store."""
        self._current()
        return self._reported

    @property
    def exists(self) -> bool:
        """False while the store was never written, or its file is away."""
        return self._current().version is not None

    def before_fork(self) -> None:
        """Nobody is to be reading the records then; see `forks`."""
        self._exclusive.hold()

    def after_fork(self, in_child: bool) -> None:
        """Go on."""
        self._exclusive.let_go()

    def after_foreign_fork(self) -> None:
        """In the child of a fork that nobody announced; see `forks.notice`."""
        self._exclusive = Exclusive("reading the listeners")

    def _current(self) -> _Snapshot:
        snapshot = self._snapshot
        try:
            version = self._store.version()
            if snapshot is not None and snapshot.version == version:
                self._reported = None
                return snapshot
            forks.notice()
            return self._exclusive.run(self._read)
        except Reentered:
            if snapshot is None:
                raise
        except StoreError as error:
            if snapshot is None:
                raise
            self._report(error)
        return snapshot

    def _read(self) -> _Snapshot:
        # The version is read before the records: should they change in between, the next call reads again.
        version = self._store.version()
        snapshot = self._snapshot
        if snapshot is None or snapshot.version != version:
            if version is not None and version == self._unreadable and snapshot is not None:
                return snapshot
            snapshot = self._snapshot = _Snapshot(version, self._all(version))
            self._reported = None
        return snapshot

    def _all(self, version: Hashable | None) -> Sequence[Listener]:
        try:
            return self._store.all()
        except (StoreCorrupt, StoreTooNew):
            # What these records are, they stay; any other error may be gone at the next event, so it is tried then.
            self._unreadable = version
            raise

    def _report(self, error: StoreError) -> None:
        if self._reported is None or str(error) != str(self._reported):
            self._reported = error
            _logger.error("listeners cannot be read; those known so far stay in use: %s", error)
