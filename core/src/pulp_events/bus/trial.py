"""`bus.test_listener`: send a marked test event now, past the outbox, and see what the receiver says."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import cast

from pulp_events.dispatcher.attempt import make_attempts
from pulp_events.dispatcher.channels import Channels
from pulp_events.dispatcher.configuration import Configuration
from pulp_events.dispatcher.event_loops import EventLoops
from pulp_events.dispatcher.jobs import close
from pulp_events.dispatcher.judged import Judged
from pulp_events.dispatcher.recorder import Recorder
from pulp_events.dispatcher.renewal import Renewal
from pulp_events.dispatcher.route import Route
from pulp_events.dispatcher.routes import Routes
from pulp_events.dispatcher.services import Services
from pulp_events.dispatcher.traits import Traits
from pulp_events.dispatcher.turn import Turn
from pulp_events.dispatcher.verdict import shorten
from pulp_events.errors import UnknownNotifierType
from pulp_events.events import pattern
from pulp_events.events.event import Event
from pulp_events.events.event_type import EventTypes
from pulp_events.events.report import serialise
from pulp_events.listeners.listener import Listener
from pulp_events.listeners.waiting import target_of_another_process
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.states import Outcome
from pulp_events.outbox.store import Outbox
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.settings import Settings
from pulp_events.system.clock import Clock, from_timestamp
from pulp_events.system.file_version import FileVersions
from pulp_events.system.ids import new_event_id


@dataclass(frozen=True)
class Trial:
    """What became of the test event at one target."""

    target: str
    event_type: str
    outcome: Outcome
    """As of an `Attempt`."""
    detail: str
    """What the receiver said, never a secret."""
    duration: float
    """Seconds for connecting and sending. What the notifier had to import first does not count."""


def test_event(listener: Listener, event_types: EventTypes, clock: Clock, source: str) -> Event:
    """An event of a type that the listener hears, whose payload and call report say that it is a test."""
    names = [name for name in event_types.names() if any(pattern.matches(text, name) for text in listener.event_types)]
    now = clock.time()
    return Event(
        event_type=names[0] if names else event_types.names()[0],
        payload={"test": True, "repo_id": "test", "message": f"Test of listener {listener.id}; nothing has happened."},
        call_report={"test": True},
        id=new_event_id(now),
        time=from_timestamp(now),
        source=source,
    )


def send_test(listener: Listener, plugins: Plugins, settings: Settings, clock: Clock) -> list[Trial]:
    """Send a test event to each target of the listener, by the steps of any attempt. Nothing is stored or tried again.

    Raises UnknownNotifierType.
    """
    if (elsewhere := target_of_another_process(listener, plugins.notifiers)) is not None:
        raise UnknownNotifierType(
            f"listener {listener.id} can be tested only in a process that has {listener.notifier_type_id} {elsewhere}; "
            "call bus.test_listener() there"
        )
    traits = Traits(plugins.notifier(listener.notifier_type_id), settings)
    event = test_event(listener, plugins.event_types, clock, settings.section("events")["source"])
    configuration = Configuration(listener, traits, FileVersions(clock), clock)
    loops, channels, trials = EventLoops(), Channels(clock), []
    channels.on_close = lambda opened: close(opened, opened.type_id, loops)
    report = serialise(event, settings.section("events")["max_event_bytes"])
    for number, target in enumerate(listener.targets):
        # A route for each: what one target says of its endpoint keeps the event from no other.
        route = Route(listener, traits, configuration, settings.section("delivery"), clock)
        route.window_known = True
        kept = _Kept()
        services = Services(
            cast("Outbox", None),
            cast("Routes", _OneRoute(route)),
            channels,
            cast("Recorder", kept),
            loops,
            clock,
            threading.Event(),
            cast("Renewal", None),
        )
        route.waiting.append(
            Delivery(
                id=f"{event.id}.{number}",
                event_id=event.id,
                event_type=event.event_type,
                event_time=event.time,
                source=event.source,
                report=report,
                listener_id=listener.id,
                target=target,
                attempts=1,
            )
        )
        turn = Turn(route, services)
        make_attempts(turn)
        turn.finish()
        [judged] = kept.judged
        detail = shorten(configuration.scrubber(judged.verdict.detail))
        trials.append(Trial(target, event.event_type, judged.verdict.outcome, detail, judged.duration))
    channels.close_idle(older_than=0.0)
    loops.stop()
    return trials


class _OneRoute:
    """Stands for `Routes`: the listener is tested whether it is enabled or not."""

    def __init__(self, route: Route) -> None:
        self._route = route

    def get(self, listener_id: str) -> Route:
        return self._route


class _Kept:
    """Stands for `Recorder`: nothing is stored."""

    blocked = False

    def __init__(self) -> None:
        self.judged: list[Judged] = []

    def add(self, judged: Judged) -> None:
        self.judged.append(judged)
