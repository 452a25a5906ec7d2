"""`PulpListenerStore`: listener records in Pulp's database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from pulp_events.events.remembered import RememberedType
from pulp_events.listeners.broken import Complaints
from pulp_events.listeners.edit import Edit
from pulp_events.listeners.history import HistoryQuery, ListenerChange
from pulp_events.listeners.listener import Listener
from pulp_events.system import forks
from pulp_events.system.shared_answer import FRESH, SharedAnswer
from pulp_events_pulpcore import django_connection, django_errors
from pulp_events_pulpcore.own_connection import OwnConnection, lent

if TYPE_CHECKING:
    from pulp_events_pulpcore.app.records import Records

T = TypeVar("T")

KEEP_HISTORY = 365 * 86400.0


class PulpListenerStore:
    """Implements `ListenerStore`, `ListenerHistory`, `JoinsTransactions`, `AsksThrough` and `RemembersTypes` by the
    models in `app`.

    `fresh`: how old a version may be, in seconds, before it is asked for again. `idle`: seconds after which a
    connection that nobody needed is closed. Django is set up with the first question, not before.

    It asks on a connection of Django that the thread has open already, else on one of its own that all threads share.
    """

    def __init__(self, keep_history: float = KEEP_HISTORY, fresh: float = FRESH, idle: float = 60.0) -> None:
        self._keep_history = keep_history
        self._own = OwnConnection(idle)
        self._version = SharedAnswer(self._ask_version, fresh)
        self._records: Records | None = None
        self._complaints = Complaints()
        self._mine = threading.local()
        forks.take_part(self)

    def before_fork(self) -> None:
        """See `forks`."""

    def after_fork(self, in_child: bool) -> None:
        """See `forks`."""
        if in_child:
            self._mine = threading.local()

    @contextmanager
    def through(self, connection: Any) -> Iterator[None]:
        """See `AsksThrough`."""
        before = getattr(self._mine, "connection", None)
        self._mine.connection = connection
        try:
            yield
        finally:
            self._mine.connection = before

    def version(self) -> Hashable | None:
        return self._version()

    def _ask_version(self) -> int | None:
        return self._read(lambda records, alias, shared: records.version(alias, shared)) or None

    def all(self) -> Sequence[Listener]:
        found = self._read(lambda records, alias, shared: records.all(alias, shared))
        self._complaints.say(found.broken)
        return list(found.listeners)

    def broken(self) -> Mapping[str, str]:
        return self._read(lambda records, alias, shared: records.all(alias, shared)).broken

    def add(self, listener: Listener) -> None:
        self.edit_one(listener.id, lambda edit: edit.add(listener))

    def change(self, listener_id: str, change: Callable[[Listener], Listener]) -> Listener:
        return self.edit_one(listener_id, lambda edit: edit.change(listener_id, change))

    def remove(self, listener_id: str) -> Listener:
        return self.edit_one(listener_id, lambda edit: edit.remove(listener_id))

    def edit(self, make: Callable[[Edit], T]) -> T:
        return self._edit(make, None)

    def edit_one(self, listener_id: str, make: Callable[[Edit], T]) -> T:
        return self._edit(make, listener_id)

    def edit_within(self, connection: Any, make: Callable[[Edit], T], only: str | None = None) -> T:
        records = self._loaded()
        wrapper = django_connection.in_transaction(connection)
        try:
            with django_errors.translated("change the listeners"), lent(wrapper) as alias:
                return records.edit(alias, make, only, self._keep_history, joined=True)
        finally:
            self._version.forget()

    def _edit(self, make: Callable[[Edit], T], only: str | None) -> T:
        records = self._loaded()

        def edit(alias: str) -> T:
            with django_errors.translated("change the listeners"):
                return records.edit(alias, make, only, self._keep_history, joined=False)

        try:
            return self._own.run(edit)
        finally:
            self._version.forget()

    def history(self, query: HistoryQuery) -> Sequence[ListenerChange]:
        if not self._keep_history:
            return []
        return self._read(lambda records, alias, shared: records.history(alias, query), own=True)

    def remember_types(self, told: Mapping[str, RememberedType]) -> None:
        self._of_types("keep event types", lambda types, alias: types.remember(alias, told))

    def remembered_types(self) -> Mapping[str, RememberedType]:
        return self._of_types("read event types", lambda types, alias: types.all_of(alias))

    def forget_types(self, names: Collection[str]) -> int:
        return self._of_types("forget event types", lambda types, alias: types.forget(alias, names))

    def _of_types(self, what: str, ask: Callable[[ModuleType, str], T]) -> T:
        self._loaded()
        from pulp_events_pulpcore.app import known_types

        def answer(alias: str) -> T:
            with django_errors.translated(what):
                return ask(known_types, alias)

        return self._own.run(answer)

    @property
    def place(self) -> str:
        """See `pulp_events.bus.places.HasPlace`."""
        return django_connection.place()

    def rest(self) -> None:
        """See `pulp_events.bus.warming.Rests`."""
        self._own.close()

    def close(self) -> None:
        self._own.close()

    def _loaded(self) -> Records:
        if self._records is None:
            django_connection.set_up()
            from pulp_events_pulpcore.app.records import Records

            self._records = Records()
        return self._records

    def _read(self, ask: Callable[[Records, str, bool], T], own: bool = False) -> T:
        """The answer, from Django's connection of this thread if there is one and it can say what is committed."""
        records = self._loaded()
        from pulp_events_pulpcore.app.records import NotSeen

        wrapper = None if own else django_connection.open_here(getattr(self._mine, "connection", None))
        if wrapper is not None:
            with suppress(NotSeen), django_errors.translated("read the listeners"), lent(wrapper) as alias:
                return ask(records, alias, True)

        def answer(alias: str) -> T:
            with django_errors.translated("read the listeners"):
                return ask(records, alias, False)

        return self._own.run(answer)
