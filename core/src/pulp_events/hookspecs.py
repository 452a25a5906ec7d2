"""Every hook that a plugin may implement: the framework's table of contents.

A plugin is a module (or object) named by an entry point in the group `pulp_events`; it marks its implementations with
`pulp_events.hookimpl`. A plugin that is only a notifier needs no hook: its entry point names the notifier's class.
An implementation may take fewer arguments than its hook. Hooks that *collect* are called once, at start; if one raises,
its plugin is left out, with the reason shown by `pulp-admin event plugin list`. Hooks that *observe* are called one by
one, sorted by plugin name; if one raises, that is logged and does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from marshmallow import Schema

    from pulp_events.events.event import Event
    from pulp_events.events.event_type import EventType
    from pulp_events.events.trace_context import Traced
    from pulp_events.listeners.listener import Listener
    from pulp_events.listeners.store import ListenerStore
    from pulp_events.notifier import Notifier
    from pulp_events.outbox.delivery import Attempt, Delivery
    from pulp_events.outbox.store import Outbox
    from pulp_events.settings.given import SettingsMapping
    from pulp_events.settings.settings import Settings

PROJECT = "pulp_events"

hookspec: pluggy.HookspecMarker = pluggy.HookspecMarker(PROJECT)
hookimpl: pluggy.HookimplMarker = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as the implementation of the hook of the same name."""


@hookspec
def pulp_event_types() -> Sequence[EventType]:  # type: ignore[empty-body]
    """Collects: event types to register. Since API 1.0.

    A type may have a schema of its payload, which `emit` checks and `pulp-admin event types` shows: see `EventType`.
    """


@hookspec
def pulp_notifiers() -> Sequence[Notifier]:  # type: ignore[empty-body]
    """Collects: notifiers to register. Since API 1.0."""


@hookspec
def pulp_settings_sections() -> Mapping[str, type[Schema]]:  # type: ignore[empty-body]
    """Collects: sections of server.conf, each with its schema, for a plugin that is not a notifier. Since API 1.0.

    A notifier's own section needs no hook: it has `settings_section` and `settings_schema`. Hooks that are given
    `settings` read theirs with `settings.section(NAME)`. If server.conf does not set a key, its default applies.
    """


@hookspec
def pulp_data_files() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Collects: names of files in the data folder that the plugin keeps, and what each holds. Since API 1.0.

    `pulp-admin event backup` takes them with it, and `restore` puts them back, together with listeners and deliveries.
    Each is a name such as `web.json`, and is replaced as a whole when it is written, so that it can be read at any
    moment; whoever changes it holds the lock of the same name that ends with `.lock`.
    """


@hookspec
def pulp_before_emit(event: Event, settings: Settings) -> Event | None:
    """Enriches: return an event that replaces `event` before it is matched and stored; None leaves it unchanged.

    Called in the emitting thread, each plugin with the result of the one before it; for events about events in an empty
    context (`contextvars`), as they come of no request, whoever's emit makes them. An event keeps its id: make the
    replacement with `dataclasses.replace(event, payload=…)`. If it cannot be used (another id, an unknown event
    type, a payload that is not JSON), that is logged and the event is emitted unchanged. Since API 1.0.

    The payload is checked against its type's schema afterwards, so that a plugin may add what is missing. Where
    `[events] payloads` is `strict`, a change that the schema refuses cannot be used either.
    """


@hookspec
def pulp_trace_context(event: Event, settings: Settings) -> Traced | None:
    """Traces: return `Traced(context)` to say in which trace `event` is emitted; None leaves `event.trace_context`.

    Called in the emitting thread just before an event is stored, and for no other: it makes no event wanted. So
    listeners are chosen and the payload is checked by then. `context` (W3C's `traceparent`, `tracestate`) is stored
    with the event and leaves with it. `Traced(context, stored)` has `stored()` called when the event is stored, to end
    a span. `Traced` is in `pulp_events.events.trace_context`.

    If several plugins trace, each is given the event with the context of the one before it. The time it takes is added
    to `emit`. If it raises, that is logged and the event stored without it; KeyboardInterrupt counts as pressed. Since
    API 1.0.
    """


@hookspec
def pulp_event_emitted(event: Event, listeners: Sequence[Listener], settings: Settings) -> None:
    """Observes: `event` is stored for these listeners. Called in the emitting thread; deliveries may have started.

    The time it takes is added to `emit`; deliveries do not wait for it. Since API 1.0.
    """


@hookspec
def pulp_events_counted(event_types: Mapping[str, int], settings: Settings) -> None:
    """Observes: so many events of each of these types were emitted, by one call. Called in the emitting thread.

    For whoever only counts. Unlike `pulp_event_emitted`, it makes no event wanted: a payload that is a function is not
    called for it, and `is_wanted` may be False. The time it takes is added to `emit`; if it raises KeyboardInterrupt,
    that counts as pressed. Since API 1.0.
    """


@hookspec
def pulp_delivery_attempted(delivery: Delivery, attempt: Attempt, settings: Settings) -> None:
    """Observes: an attempt was recorded; `delivery.state` is what followed. Called in a thread for observers.

    So it delays no delivery; an observer that is 10,000 attempts behind misses the next ones, which is logged.
    With `deliver="inline"` it is called in the emitting thread. Since API 1.0.
    """


@hookspec
def pulp_listener_changed(before: Listener | None, after: Listener | None, by: str, settings: Settings) -> None:
    """Observes: a listener was created (`before` is None), changed, or deleted (`after` is None), by whom `by` says.

    The change is stored. Called once for each listener, in the thread and process that made the change, which waits for
    it. The records are whole, secrets included: `pulp_events.secrets.redact` masks them. `by` is a user, a program or
    `dispatcher`, as in `pulp-admin event listener history`. Since API 1.0.

    A change that joins a transaction of the application (`connection=`) is told when it is made: before the commit, and
    also if none follows.
    """


@hookspec
def pulp_listener_store(settings: Settings) -> ListenerStore | None:
    """Offers another store for listener records; None: not with these settings. Since API 1.0.

    The plugin that `[storage] listeners` names is asked, and no other. Where that is not set, each is asked, and the
    one that offers a store is chosen; the start fails if there are several, and what they offered is closed. If it
    raises, the start fails with its message: records must never go to a store that nobody chose.
    """


@hookspec
def pulp_outbox(settings: Settings) -> Outbox | None:
    """Offers another store for deliveries, chosen in the same way by `[storage] outbox`.

    Raising stops the start. Since API 1.0.
    """


@hookspec
def pulp_settings() -> SettingsMapping | None:
    """Offers the settings of the application that this machine runs, for `pulp-admin`; None: there are none here.

    Asked where neither --config nor PULP_EVENTS_CONFIG names a file; what is offered then replaces server.conf. So
    administrators work on the listeners of the application without a second file with its database and password.
    Applications give theirs to `EventBus.open` themselves. `GivenSettings.of(mapping, name, origin)` says what errors
    are to call them. It is an error if two plugins offer settings; if one raises, the command fails with its message:
    records must never be looked for in a place that nobody chose. Since API 1.0.
    """


@hookspec
def pulp_admin_commands(commands: Any) -> None:
    """Adds subcommands to `pulp-admin event …`; called with the object to which they are added.

    `commands` is the result of `argparse.ArgumentParser.add_subparsers`; a subcommand sets the default `run` to a
    function `run(bus, arguments) -> int` that returns the exit code. A notifier's own `listener TYPE` section is made
    from its schema and needs no hook. Since API 1.0.
    """


@hookspec
def pulp_admin_options(command: str, parser: Any) -> Callable[[Any], AbstractContextManager[object]] | None:
    """Adds options to a command of `pulp-admin event` that takes options of plugins; for now, only `worker`.

    Called when that command is used or its help shown. `parser` is its `argparse.ArgumentParser`. What is returned, if
    anything, is called with the parsed arguments when the command sets to work; the context manager that it returns is
    entered before, in the process of the command itself, and left afterwards: also with `worker --processes N`, whose
    processes are others. `arguments.session.open_bus("external")` opens a bus for it; what is given to
    `arguments.on_reload` is called, without arguments and in a thread of its own, when a worker's settings were read
    again. An EventsError that it raises stops the command with that message. An option's value must be as it was typed
    when it is made text by `str`, for `worker --print-unit`. Since API 1.0.
    """
