"""`bus.listeners`: create, change and delete listeners."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from pulp_events.errors import (
    ListenerNotFound,
    NotAllowed,
    StoreError,
)
from pulp_events.listeners.actor import Actor
from pulp_events.listeners.advice import Advice
from pulp_events.listeners.author import Author, by_for_author
from pulp_events.listeners.index import ListenerIndex
from pulp_events.listeners.keeping import Kept
from pulp_events.listeners.listener import Listener, Options
from pulp_events.listeners.lookup import has_labels, is_chosen, named, not_found
from pulp_events.listeners.making import Making
from pulp_events.listeners.redacted import Redaction
from pulp_events.listeners.store import JoinsTransactions, ListenerHistory
from pulp_events.listeners.together import Together
from pulp_events.listeners.untrusted import Limits
from pulp_events.listeners.writing import Writing, said_by
from pulp_events.plugins.registry import Plugins
from pulp_events.secrets import Scrubber
from pulp_events.settings.settings import Settings
from pulp_events.system.arguments import check_limit
from pulp_events.system.clock import Clock
from pulp_events.system.ids import is_listener_id
from pulp_events.system.who import DISPATCHER

if TYPE_CHECKING:
    from pulp_events.listeners.edit import Edit
    from pulp_events.listeners.history import ListenerChange
    from pulp_events.listeners.recording import Pair
    from pulp_events.listeners.store import ListenerStore
    from pulp_events.outbox.connection import Connection

T = TypeVar("T")


class Listeners:
    """The listeners of an event bus. Whatever is refused leaves the store as it was, and all is when the bus is closed,
    with BusClosed.

    Wherever a method takes the id of a listener, it also takes its name.
    """

    def __init__(
        self,
        store: ListenerStore,
        index: ListenerIndex,
        plugins: Plugins,
        settings: Settings,
        clock: Clock,
        on_delete: Callable[..., None],
        on_enable: Callable[..., None],
        on_unmute: Callable[..., None],
        on_change: Callable[[Sequence[Pair], str], None],
        by: Callable[[], str],
        check: Callable[[], None],
        check_open: Callable[[], None],
    ) -> None:
        """`by`: who makes the changes, for the history; `on_change`: told of those that are stored, and by whom;
        `check`: raises an error where nothing is to be changed; `check_open`: where nothing is to be read either.

        The others are given a listener, and the connection in whose transaction it was changed if there is one.
        """
        limits = Limits(settings)
        self._known = index
        self._check_open = check_open
        self._plugins = plugins
        self._clock = clock
        self._making = Making(plugins, clock, Actor(limits))
        history = store if isinstance(store, ListenerHistory) else None
        self._writing = Writing(store, history, plugins, clock, on_change, by, self._making.actor, check)
        self._advice = Advice(plugins, settings, clock, limits)
        self._on_delete = on_delete
        self._on_enable = on_enable
        self._on_unmute = on_unmute

    @property
    def _index(self) -> ListenerIndex:
        """The listeners as they are."""
        self._check_open()
        return self._known

    def within(self, connection: Connection) -> Listeners:
        """The same listeners, changed in the transaction of `connection`: it is what `connection=` of each method does.

            with transaction.atomic():
                bus.listeners.within(connection).create("http", {"url": url}, ["repo.sync.*"])

        What is changed, with its history, is there if that transaction commits, and dispatchers are told then. What is
        read with `get` and `list` is what was committed before. `connection`: what `emit` takes. Raises StoreError
        where the store of listeners cannot take part; each change does, for a connection that cannot, and leaves its
        transaction as it was.
        """
        self._check_open()
        if not isinstance(self._writing.store, JoinsTransactions):
            raise StoreError(
                f"listeners are stored by {type(self._writing.store).__name__}, which cannot join the transaction of "
                "connection: leave connection out, or keep listeners in the application's database ([storage] url)"
            )
        acting = copy.copy(self)
        acting._writing = replace(self._writing, connection=connection)
        return acting

    def by(self, who: str | Author) -> Listeners:
        """The same listeners, seen and changed in the name of `who`: for an application that acts for its own users.

            bus.listeners.by("alice").disable(listener_id)
            bus.listeners.by(Author("bob", scope="domain-a")).create("http", {"url": url}, ["repo.sync.*"])

        A name alone is for the history. An `Author` who is not trusted sees and changes only listeners that he made;
        what he makes is held to `[untrusted]`. Raises InvalidConfig for what is not a line of text of at most 200
        characters, and for `dispatcher`; NotAllowed where an untrusted author would act for somebody else.
        """
        if self._actor.untrusted:
            raise NotAllowed(f"{self._actor.author} cannot act for {who}")
        if isinstance(who, Author):
            return self._as(lambda: str(who), who)
        return self._as(said_by(who))

    def unless(self, refuse: Callable[[Listener], None]) -> Listeners:
        """The same listeners, each changed or deleted only as `refuse`, which is called with it, lets it be.

        It gets the record as it is stored, while nobody else can change it; what it raises leaves the store as it was:
        for who decided on a change by what they saw (`If-Match` of RFC 9110 §13.1.1). Where nothing would differ it is
        not called.
        """
        acting = copy.copy(self)
        acting._writing = replace(self._writing, refuse=refuse)
        return acting

    def _as(self, by: Callable[[], str], author: Author | None = None) -> Listeners:
        acting = copy.copy(self)
        acting._making = self._making.acting(author)
        acting._writing = replace(self._writing, by=by, actor=acting._making.actor)
        return acting

    @property
    def _actor(self) -> Actor:
        return self._making.actor

    def create(
        self,
        notifier_type_id: str,
        notifier_config: Mapping[str, Any],
        event_types: Sequence[str],
        *,
        enabled: bool = True,
        listener_id: str | None = None,
        author: Author | None = None,
        connection: Connection | None = None,
        **options: Unpack[Options],
    ) -> Listener:
        """Store a new listener and return it.

        `event_types`: names or patterns, at least one. `listener_id`: one that no listener has, 24 hex digits, as where
        a listener is moved from another installation; else it gets a new one. `options`: attributes by name, as in
        `lanes=1`; `Listener` says what each is. `author`: who makes it, as with `by`. `connection`: as with
        `within`. Raises UnknownNotifierType, UnknownEventType, InvalidConfig, NameTaken, NotAllowed (of an untrusted
        author), StoreError.
        """
        if connection is not None:
            return self.within(connection).create(
                notifier_type_id, notifier_config, event_types,
                enabled=enabled, listener_id=listener_id, author=author, **options,
            )  # fmt: skip
        if author is not None:
            return self.by(author).create(
                notifier_type_id, notifier_config, event_types, enabled=enabled, listener_id=listener_id, **options
            )
        listener = self._making.new(
            notifier_type_id, notifier_config, event_types, enabled=enabled, listener_id=listener_id, **options
        )
        alone = listener.name is None and not self._actor.untrusted  # it is counted beside his others
        return self._writing.edit(lambda edit: self._making.add(edit, listener), only=listener.id if alone else None)

    def keep(
        self,
        listener_id: str,
        notifier_type_id: str,
        notifier_config: Mapping[str, Any],
        event_types: Sequence[str],
        **options: Unpack[Options],
    ) -> Listener:
        """The listener with this id, with these attributes from now on; it is created if there is none.

        For listeners that a program is the owner of, with an id that the program makes: any number of processes that
        begin at once make one of them. What is not given here stays: whether it is enabled, or muted. The arguments,
        and what is raised, are those of `create`; keys of `notifier_config` that are not named stay, and one with value
        None is removed.
        """
        return self.keep_all([Kept(listener_id, notifier_type_id, notifier_config, event_types, options)])[0]

    def keep_all(self, wanted: Sequence[Kept]) -> Sequence[Listener]:
        """`keep` for several: all of them are stored in one write, or none. Raises what `keep` raises."""
        found = [self._index.get(one.listener_id) for one in wanted]
        there = [before for before in found if before is not None]
        if len(there) == len(wanted) and all(
            one.changed(self._making, before) is before for one, before in zip(wanted, there, strict=True)
        ):
            return there  # as at most starts: nobody waits for the lock
        return self._writing.edit(lambda edit: [one.stored(self._making, edit) for one in wanted])

    def check(
        self,
        event_types: Sequence[str],
        *,
        notifier_type_id: str | None = None,
        listener_id: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        """Raise what `create` would raise for these, and store nothing. Whether a name is taken is not looked at."""
        self._check_open()
        self._making.check(event_types, notifier_type_id=notifier_type_id, listener_id=listener_id, **options)

    def draft(
        self,
        notifier_type_id: str,
        notifier_config: Mapping[str, Any],
        event_types: Sequence[str],
        **options: Unpack[Options],
    ) -> Listener:
        """The record that `create` would make of these, stored nowhere: for `bus.backtest`. Raises what that raises."""
        self._check_open()
        return self._making.new(notifier_type_id, notifier_config, event_types, **options)

    def draft_update(
        self,
        listener_id: str,
        notifier_config: Mapping[str, Any] | None = None,
        event_types: Sequence[str] | None = None,
        **options: Unpack[Options],
    ) -> Listener:
        """The record that `update` would make, stored nowhere. Raises what that raises."""
        return self._making.update(notifier_config, event_types, **options)(self.get(listener_id))

    def together(
        self,
        *,
        missing_ok: bool = False,
        planned_on: Sequence[Listener] | None = None,
        connection: Connection | None = None,
    ) -> Together:
        """A context manager for many changes in one write: all that its block asks for is stored at its end, or none.

            with bus.listeners.together() as several:
                for url in urls:
                    several.create("http", {"url": url}, ["repo.sync.*"])

        It has `create`, `update`, `delete`, `enable`, `disable`, `mute` and `unmute`. A thousand listeners made one by
        one rewrite the file a thousand times. `missing_ok`: pass over a listener that is deleted by then, and tell it
        in `missing`; by default ListenerNotFound is raised. `planned_on`: what `list` returned when the changes were
        decided on; StoreBusy is raised at the end, and nothing stored, if the listeners are not like that any more.
        """
        self._check_open()
        if connection is not None:
            return self.within(connection).together(missing_ok=missing_ok, planned_on=planned_on)
        deleted, enabled, unmuted = (
            partial(self._writing.follow, each) for each in (self._on_delete, self._on_enable, self._on_unmute)
        )
        return Together(
            self._writing.edit, self._making, deleted, enabled, unmuted, missing_ok, planned_on, self._writing.by
        )

    def get(self, listener_id: str) -> Listener:
        """The listener with this id, or name; raises ListenerNotFound."""
        found = self._index.get(listener_id) if is_listener_id(listener_id) else self._named(listener_id)
        if found is None or not self._actor.sees(found):
            raise not_found(listener_id)
        return found

    def list(self, *, labels: Mapping[str, str | None] | None = None) -> list[Listener]:
        """Every listener, in the order of creation; with `labels` those that have all of these, None: any value."""
        found = (each for each in self._index.all() if self._actor.sees(each))
        return [each for each in found if labels is None or has_labels(each, labels)]

    def update(
        self,
        listener_id: str,
        notifier_config: Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
        event_types: Sequence[str] | None = None,
        *,
        author: Author | None = None,
        connection: Connection | None = None,
        **options: Unpack[Options],
    ) -> Listener:
        """Change a listener and return it as it is now; its `updated` is as before if nothing differs.

        Keys of `notifier_config` that are not named stay, a key with value None is removed, and the merged
        configuration is validated. A function in its place gets the configuration as it is stored and returns such
        keys, while nobody else can change the listener: for what is made of the old value. `event_types` replaces the
        old ones. `options`: attributes as `create` takes them; None removes what was set. `author`: who changes it, as
        with `by`; whose it is stays. `connection`: as with `within`. Raises what `create` raises, and ListenerNotFound.
        """
        if connection is not None:
            return self.within(connection).update(listener_id, notifier_config, event_types, author=author, **options)
        if author is not None:
            return self.by(author).update(listener_id, notifier_config, event_types, **options)
        change = self._making.update(notifier_config, event_types, **options)
        return self._writing.change(listener_id, change, names=options.get("name") is not None)[0]

    def delete(self, listener_id: str, *, connection: Connection | None = None) -> Listener:
        """Delete a listener and return it as it was. Its pending deliveries become dead."""
        if connection is not None:
            return self.within(connection).delete(listener_id)
        only = listener_id if is_listener_id(listener_id) else None
        listener = self._writing.edit(lambda edit: self._making.remove(edit, listener_id), only=only)
        self._writing.follow(self._on_delete, listener)
        return listener

    def entrust(self, listener_id: str, author: Author | None, *, connection: Connection | None = None) -> Listener:
        """Say whose a listener is, and with that whether it is trusted: nothing else changes that.

            bus.listeners.entrust(listener_id, Author("alice", trusted=True))

        None: an administrator's. Raises ListenerNotFound; for an author who is not trusted what `create` raises, if the
        listener is what none of his may be; NotAllowed where it is he who says it.
        """
        if connection is not None:
            return self.within(connection).entrust(listener_id, author)
        return self._writing.change(listener_id, self._making.entrust(author))[0]

    def enable(self, listener_id: str, *, connection: Connection | None = None) -> Listener:
        """Let the listener get events again; what waited while it was disabled is delivered."""
        if connection is not None:
            return self.within(connection).enable(listener_id)
        listener, changed = self._writing.change(listener_id, self._making.enable(True))
        if changed:
            self._writing.follow(self._on_enable, listener)
        return listener

    def disable(self, listener_id: str, reason: str | None = None, *, connection: Connection | None = None) -> Listener:
        """Deliver nothing to the listener until it is enabled.

        `reason` is shown with the record, in place of an earlier one.
        """
        if connection is not None:
            return self.within(connection).disable(listener_id, reason)
        return self._writing.change(listener_id, self._making.enable(False, reason, again=True))[0]

    def mute(
        self,
        listener_id: str,
        seconds: float | None = None,
        *,
        until: datetime | None = None,
        drop: bool = False,
        reason: str | None = None,
        connection: Connection | None = None,
    ) -> Listener:
        """Deliver nothing to the listener for so many seconds from now, or until a moment; an earlier mute is replaced.

        What is emitted meanwhile waits; with `drop` it is recorded as dead. What was pending before waits in any case.
        `reason`: shown with the listener and with what waits, at most 1000 characters. Raises ListenerNotFound,
        InvalidConfig for a time that has passed, is not above 0, or is beyond a hundred years.
        """
        if connection is not None:
            return self.within(connection).mute(listener_id, seconds, until=until, drop=drop, reason=reason)
        change = self._making.mute(self._writing.by(), seconds, until=until, drop=drop, reason=reason)
        return self._writing.change(listener_id, change)[0]

    def mute_all(
        self,
        seconds: float | None = None,
        *,
        until: datetime | None = None,
        drop: bool = False,
        reason: str | None = None,
        notifier_type_id: str | None = None,
        labels: Mapping[str, str | None] | None = None,
    ) -> Sequence[Listener]:
        """Mute all listeners, or those of a type and with these labels (None: any value), in one write; return them.

        A mute of really all holds for those, too, that are created before it ends: it is a maintenance window. One by
        type or labels concerns the listeners that there are. Raises what `mute` raises, but ListenerNotFound.
        """
        with_all = notifier_type_id is None and not labels
        change = self._making.mute(
            self._writing.by(), seconds, until=until, drop=drop, reason=reason, with_all=with_all
        )
        return self._writing.edit(
            lambda edit: [
                edit.change(each.id, change)
                for each in edit.all()
                if self._actor.sees(each) and is_chosen(each, notifier_type_id, labels)
            ]
        )

    def unmute_all(
        self, *, notifier_type_id: str | None = None, labels: Mapping[str, str | None] | None = None
    ) -> Sequence[Listener]:
        """`unmute` for all that `mute_all` would choose, in one write; returns those that were muted."""

        def unmute(edit: Edit) -> Sequence[Listener]:
            mine = [each for each in edit.all() if self._actor.sees(each)]
            chosen = [each for each in mine if is_chosen(each, notifier_type_id, labels)]
            changed = [(each, edit.change(each.id, self._making.unmute)) for each in chosen]
            return [after for before, after in changed if before.muted_for(self._clock.time())]

        found = self._writing.edit(unmute)
        for listener in found:
            self._writing.follow(self._on_unmute, listener)
        return found

    def unmute(self, listener_id: str, *, connection: Connection | None = None) -> Listener:
        """Let a muted listener get events again, and deliver what waited. Raises ListenerNotFound."""
        if connection is not None:
            return self.within(connection).unmute(listener_id)
        listener, changed = self._writing.change(listener_id, self._making.unmute)
        if changed:
            self._writing.follow(self._on_unmute, listener)
        return listener

    def disable_for(self, listener_id: str, reason: str) -> bool:
        """Disable a listener in the name of the dispatcher; False if it was disabled, or gone, already."""
        try:
            return self._as(lambda: DISPATCHER)._writing.change(listener_id, self._making.enable(False, reason))[1]
        except ListenerNotFound:
            return False

    def check_readable(self) -> None:
        """Raise the StoreError for which the listeners known so far stay in use, if there is one now."""
        if (failure := self._index.failure) is not None:
            raise failure

    @property
    def keeps_history(self) -> bool:
        """False where a plugin's store does not keep who changed what."""
        return self._writing.history is not None

    def history(
        self,
        listener_id: str | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> Sequence[ListenerChange]:
        """Who changed what, the newest change first, also of listeners that were deleted.

        `listener_id`: only of this listener, by id or name; a name that no listener has now stands for the one that
        had it last. `since`, `until`: only changes from that moment on, or before it. `limit`: at most so many. How
        long changes are kept: `[events] keep_history`. Raises ListenerNotFound for a name that no listener is known to
        have had, StoreError where the store has none.
        """
        from pulp_events.listeners.history import HistoryQuery

        self._check_open()
        if limit is not None:
            check_limit(limit, "limit")
        if self._writing.history is None:
            raise StoreError(
                f"{type(self._writing.store).__name__}, a plugin's store of listeners, keeps no history of them"
            )
        by_name = listener_id is not None and not is_listener_id(listener_id)
        found = self._id_once_called(str(listener_id)) if by_name else listener_id
        if not self._actor.untrusted:
            return self._writing.history.history(HistoryQuery(found, since, until, limit))
        every = self._writing.history.history(HistoryQuery(found, since, until))
        return [replace(each, by=by_for_author(each.by)) for each in every if self._actor.saw(each)][:limit]

    def redacted(self, listener: Listener) -> dict[str, Any]:
        """The listener's configuration fit to be shown: no secret in it.

        Without the listener's plugin nobody knows which values are secret, so all of them are masked.
        """
        return Redaction(self._plugins)(listener)

    def window(self, listener: Listener) -> float | None:
        """Seconds of events that leave together for this listener; None where each leaves by itself."""
        return self._advice.window(listener)

    def rate(self, listener: Listener) -> str | None:
        """How often the listener may be attempted, such as `10/s`: the lower of its own and that of `[untrusted]`."""
        return self._actor.limits.rate(listener)

    def warnings(self, listener: Listener) -> Sequence[str]:
        """What the administrator should know about a listener that was created or updated."""
        return self._advice.warnings(listener, self._actor)

    def scrubber(self, listener: Listener) -> Scrubber:
        """Takes the secrets of the listener's configuration, those it refers to included, out of a text.

        Raises UnknownNotifierType: without the listener's plugin nobody knows which values are secret.
        """
        return self._advice.scrubber(listener)

    def _named(self, name: str) -> Listener | None:
        return named(self.list(), name) if self._actor.untrusted else self._index.named(name)

    def _id_once_called(self, name: str) -> str:
        if (there := self._named(name)) is not None:
            return there.id
        for change in self.history():
            if name in [record.get("name") for record in (change.before, change.after) if record is not None]:
                return change.listener_id
        raise not_found(name)
