"""`EventBus`: what applications use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Literal, overload

from pulp_events.bus.delivery_mode import Deliver
from pulp_events.bus.for_asyncio import ForAsyncio
from pulp_events.bus.inquiries import Inquiries
from pulp_events.bus.open_arguments import check_arguments
from pulp_events.errors import EventsError
from pulp_events.events.event_type import EventType, EventTypes, StandsForType
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.paths import absolute
from pulp_events.settings.settings import Settings
from pulp_events.system import guard
from pulp_events.system.arguments import check_seconds
from pulp_events.system.clock import Clock, SystemClock
from pulp_events.system.late_imports import imports_late

# What emits and delivers is imported when it is first needed: a program that only manages listeners starts sooner.
if TYPE_CHECKING:
    from datetime import datetime

    from pulp_events.bus.emitter import Emitted
    from pulp_events.bus.lazy import Given
    from pulp_events.bus.operation import Operation
    from pulp_events.events.event import Event
    from pulp_events.events.event_model import EventModel
    from pulp_events.events.jsonable import Encode
    from pulp_events.functions.registration import F
    from pulp_events.outbox.connection import Connection
    from pulp_events.outbox.delivery import Delivery
    from pulp_events.settings.given import SettingsMapping


class EventBus(Inquiries, ForAsyncio):
    """Emits events to listeners. Open one for each application and share it between threads.

    `deliver` selects who makes the deliveries:

    - `background`: threads of this process (the default)
    - `emitted`: the same, but only for its own events, not for older deliveries: for a command that emits one event
    - `process`: a separate process, which ends with this one
    - `external`: not this process; `pulp-admin event worker` does it, on the same data folder
    - `inline`: `emit` itself, before it returns; failed deliveries are retried by `deliver_due()`
    """

    @classmethod
    def open(
        cls,
        config: str | Path | None = None,
        *,
        settings: SettingsMapping | None = None,
        deliver: Deliver = "background",
        plugins: bool | Plugins = True,
        data_dir: str | Path | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
        imports: Sequence[str] = (),
        by: str | None = None,
        on_error: Literal["raise", "log"] = "raise",
        event_types: Sequence[EventType | type[StandsForType]] = (),
        encode: Encode | None = None,
    ) -> EventBus:
        """Read server.conf (`config`, else $PULP_EVENTS_CONFIG, else /etc/pulp/server.conf), load plugins, begin.

        `settings`: sections → keys → values, in place of a file: `{"delivery": {"lanes": 1}}`. No file is read then
        unless `config` names one; each key given here replaces that of the file.
        `plugins`: False loads none. `data_dir` replaces `[events] data_dir`. `clock` and `random` are for tests.
        `imports`: modules, such as `myapp.events`, to import; their functions that are marked with `on` are registered.
        `on_error`: what becomes of an event that cannot be emitted: `raise` raises the error; `log` logs it, counts it
        (`refused`, `dropped`), and has `emit` return a `RefusedEvent`, so that the application goes on without.
        `by`: who changes listeners through this bus, for their history; by default the user and program of the process.
        `event_types`: the application's own, as `bus.event_types.register` takes them. `encode`: called for each value
        in a payload or call report that is none of the types of `to_jsonable`; it returns what such a value becomes,
        and raises TypeError for one that it does not know.
        Raises SettingsError, PluginError (a plugin's store, an event type), StoreError, EventsError (an argument of
        another kind, a module that cannot be imported), and what `on` raises.
        """
        check_arguments(
            config=config, deliver=deliver, plugins=plugins, data_dir=data_dir, clock=clock, random=random,
            imports=imports, on_error=on_error, event_types=event_types, encode=encode,
        )  # fmt: skip
        loaded = plugins if isinstance(plugins, Plugins) else Plugins.load() if plugins else Plugins()
        found = Settings.load(config, loaded.settings_sections, settings)
        folder = found.data_dir if data_dir is None else absolute(data_dir, place="data_dir")
        found.work_in(folder)
        loaded.event_types.register(*event_types)
        functions = []
        if imports:
            from pulp_events.functions.registering import import_all

            functions = import_all(imports)  # first: that may take long, or fail
        given = (found, loaded, folder, deliver, clock or SystemClock(), random or Random(), tuple(imports), by)
        bus = cls(*given, encode=encode, on_error=on_error)
        if functions:
            from pulp_events.functions.registering import register

            try:
                register(bus.plugins, bus.listeners, functions)
            except BaseException:
                bus.close(drain=False)
                raise
            bus._delivering.look_soon()
        if event_types:
            bus._types.look()
        return bus

    @property
    def event_types(self) -> EventTypes:
        """The registry of event types; an application registers its own with `bus.event_types.register(…)`."""
        return self.plugins.event_types

    @overload
    def emit(
        self,
        event_type: EventModel,
        *,
        call_report: Given = None,
        id: str | None = None,
        connection: Connection | None = None,
        expires: float | datetime | None = None,
        scope: str | None = None,
        trace_context: Mapping[str, str] | None = None,
    ) -> Event: ...

    @overload
    def emit(
        self,
        event_type: str,
        payload: Given = None,
        call_report: Given = None,
        *,
        id: str | None = None,
        connection: Connection | None = None,
        expires: float | datetime | None = None,
        scope: str | None = None,
        trace_context: Mapping[str, str] | None = None,
    ) -> Event: ...

    def emit(
        self,
        event_type: str | EventModel,
        payload: Given = None,
        call_report: Given = None,
        *,
        id: str | None = None,
        connection: Connection | None = None,
        expires: float | datetime | None = None,
        scope: str | None = None,
        trace_context: Mapping[str, str] | None = None,
    ) -> Event:
        """Announce an event; durable when this returns.

        `event_type`: its name, or the event itself, an instance of a class derived from `EventModel`, which has its
        payload.
        `payload` and `call_report`: what `jsonable.to_jsonable` takes, or a function that returns it: it is called at
        most once, before anything is stored, and not at all if no listener would see the event and it is not kept; then
        the event that is returned is without it. `connection`: an open connection of the
        application to the database that the outbox is in; the event then exists if and only if that commits.
        `expires`: seconds from now, or an aware datetime; no attempt begins from then on, and what is not delivered is
        dead. `scope`: whose event it is, such as a tenant of the application; listeners with a scope get only events
        that are emitted with it (`Listener.hears`). `trace_context`: `traceparent` and maybe `tracestate` of the trace
        that it is emitted in (W3C Trace Context), which leave with it; not needed with a plugin that traces. What is
        not valid is left out.

        `id`: one that the application chooses, so that it may repeat the call: while an event with this id is stored,
        that one is returned, and nothing is stored or delivered again. Such an event is stored also where no listener
        matches it. For what an id may be, see `ids.is_event_id`.

        Raises UnknownEventType, InvalidEvent (with the path of the value), EventTooLarge, EventConflict (the id of an
        event with another content), StoreError, BusClosed, and what such a function raises; then nothing was stored.
        With `on_error="log"` only the last of these.
        """
        return self._emit([(event_type, payload, call_report, id)], connection, expires, scope, trace_context)[0]

    def would_deliver(self, event_type: str, *, scope: str | None = None) -> bool:
        """Whether an event of this type, emitted now with this scope, would go to any listener, or might.

        For an application to which the payload is costly. It is answered from memory, without the payload: where all
        listeners of the type have filters, True says that one of them may let the event pass (`explain` says which
        would). Listeners that are disabled or muted get it later, unless it is dropped for them. With False, the event
        may still be wanted: by `[events] keep = all`, or by a plugin that observes or replaces events.

        Raises UnknownEventType, InvalidEvent (the scope), StoreError if the listeners were never read, BusClosed; with
        `on_error="log"` it is True in their place.
        """
        try:
            self._check_open()
            return self._emitting.emitter.would_deliver(event_type, scope)
        except EventsError:
            return self._might()

    def is_wanted(self, event_type: str, *, scope: str | None = None, connection: Connection | None = None) -> bool:
        """Whether `emit` would do anything with an event of this type and scope: False says that it may be left out.

        Unlike `would_deliver`, it counts who only observes events, `[events] keep = all`, and listeners for which it
        would be recorded that they missed it. `connection`: as of `emit`; the listeners may be asked for on it.

        Raises what `would_deliver` raises.
        """
        try:
            self._check_open()
            with self._emitting.asking_through(connection):
                return self._emitting.emitter.is_wanted(event_type, scope)
        except EventsError:
            return self._might()

    def emit_many(
        self,
        events: Iterable[Emitted],
        *,
        connection: Connection | None = None,
        expires: float | datetime | None = None,
        scope: str | None = None,
        trace_context: Mapping[str, str] | None = None,
    ) -> list[Event]:
        """Announce several events, `(event_type, payload[, call_report[, id]])` each, in one transaction.

        `expires`, `scope`, `trace_context`: as of `emit`, for all of them.
        """
        return self._emit(events, connection, expires, scope, trace_context)

    @imports_late
    def operation(
        self,
        name: str,
        payload: Mapping[str, Any] | None = None,
        call_report: Mapping[str, Any] | None = None,
        *,
        expires: float | None = None,
        scope: str | None = None,
    ) -> Operation:
        """A context manager that emits `NAME.start` and `NAME.finish` around a block; see `Operation`.

        `expires`: seconds after each of the two. `scope`: that of both.
        """
        from pulp_events.bus.operation import Operation

        return Operation(self, name, payload, call_report, expires, scope)

    @imports_late
    def on(
        self,
        *event_types: str,
        name: str | None = None,
        filter: str | None = None,
        retry_schedule: Sequence[float] | None = None,
        lanes: int | None = None,
        timeout: float | None = None,
        rate: str | None = None,
        expires: float | None = None,
        scope: str | None = None,
    ) -> Callable[[F], F]:
        """Make a function a listener, by decorating it: `@bus.on("repo.sync.*")`. It stays as callable as it was.

        It is called with the event, or with the event and the `Delivery` if it requires two arguments, and may be a
        coroutine function. What it raises decides as with a notifier: TransientFailure and any other exception, again
        by the retry schedule; PermanentFailure, never again. Only processes that registered it call it; without one,
        its deliveries wait.

        `event_types`: names or patterns. `name`: what the function is called in the record; by default its module and
        qualified name. Whoever renames it makes another listener. `timeout`: seconds after which a call counts as
        failed, 300 by default. `filter`, `retry_schedule`, `lanes`, `rate`, `expires`, `scope`: as
        `Listeners.create` takes them.

        The record is created with the first registration, whichever process makes it, and becomes what this says with
        each; whether it is enabled or muted stays. Raises InvalidConfig (a function without a stable name, a name that
        another function has, …), UnknownEventType, StoreError, BusClosed.
        """
        from pulp_events.functions import registering
        from pulp_events.functions.registration import Wish

        wish = Wish(event_types, name, filter, retry_schedule, lanes, timeout, rate, expires, scope)

        def register(function: F) -> F:
            self._check_open()
            made = wish.of(function)
            if not self._delivering.mode.calls_here:
                registering.check_imported(made, self._delivering.imports)
            registering.register(self.plugins, self.listeners, [made])
            self._delivering.look_soon()
            return function

        return register

    @imports_late
    def wait(self, event: Event | str, timeout: float | None = None) -> list[Delivery]:
        """Wait until every delivery of an event (or event id) is delivered or dead, at most `timeout` seconds.

        Returns its deliveries as they are then: after a timeout some are still pending.
        """
        from pulp_events.bus.waiting import id_of, wait_until_done

        self._check_open()
        check_seconds(timeout, "timeout", none=True)
        return wait_until_done(self.outbox, id_of(event), timeout, lambda left: self.dispatcher.wait_for_record(left))

    @imports_late
    def warm_up(self) -> None:
        """Do now what the first event would have to, in a process that is going to fork: read the listeners, compile
        their filters and the schemas, import what `emit` needs, make the tables.

        For servers that load the application before they fork, with `deliver="external"`. No thread, file or connection
        stays open that children would share; each opens its own when it needs one. Listeners that change afterwards
        are noticed as always. Raises StoreError, BusClosed.
        """
        from pulp_events.bus.warming import rest, warm_up

        self._check_open()
        self._types.look()
        warm_up(self._emitting.emitter, self._index, self.event_types)
        rest(self._store, self.outbox)

    def _might(self) -> bool:
        """While an error is handled: it is raised, or `emit` is to say it, which is asked by being told True."""
        if self._emitting.refusals.raises:
            raise  # noqa: PLE0704  # the one that is being handled
        return True

    @imports_late
    def deliver_due(self) -> int:
        """Make every attempt that is due now, in this thread; returns how many there were. For `inline`, and tests."""
        self._check_open()
        with guard.exits("a notifier"):
            return self.dispatcher.run_due()
