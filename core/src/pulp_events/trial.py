"""`bus.test_listener`: send a marked test event now, past the outbox, and see what the receiver says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pulp_events.clock import Clock, from_timestamp
from pulp_events.dispatcher import verdict as verdicts
from pulp_events.dispatcher.channels import Channels, OpenChannel
from pulp_events.dispatcher.verdict import Verdict, shorten
from pulp_events.events import pattern
from pulp_events.events.event import Event
from pulp_events.events.event_type import EventTypes
from pulp_events.events.report import serialise
from pulp_events.ids import new_event_id
from pulp_events.listeners.listener import Listener
from pulp_events.notifier import Notifier
from pulp_events.outbox.delivery import Delivery
from pulp_events.settings.settings import Settings


@dataclass(frozen=True)
class Trial:
    """What became of the test event at one target."""

    target: str
    event_type: str
    outcome: str
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


def send_test(listener: Listener, notifier: Notifier, event: Event, settings: Settings, clock: Clock) -> list[Trial]:
    """Send the event to each target of the listener over a channel of its own. Nothing is stored or tried again."""
    channels = Channels(listener, notifier, settings, clock)
    report = serialise(event, settings.section("events")["max_event_bytes"])
    trials = []
    for number, target in enumerate(listener.targets):
        delivery = Delivery(
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
        found, seconds = _attempt(channels, delivery, clock)
        detail = shorten(channels.scrubber()(found.detail))
        trials.append(Trial(target, event.event_type, found.outcome, detail, seconds))
    channels.close_idle(older_than=0.0)
    return trials


def _attempt(channels: Channels, delivery: Delivery, clock: Clock) -> tuple[Verdict, float]:
    """What came of it, and the seconds that it took."""
    try:
        kept = channels.take_idle()
        opened = kept or channels.make()
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a notifier may raise anything
        return verdicts.of_exception(error), 0.0
    began = clock.monotonic()
    verdict = _send(channels, opened, delivery, connect=kept is None)
    return verdict, clock.monotonic() - began


def _send(channels: Channels, opened: OpenChannel, delivery: Delivery, connect: bool) -> Verdict:
    channel = opened.channel
    try:
        if connect:
            channel.__enter__()  # closes it where it cannot be opened
    except (Exception, SystemExit) as error:  # noqa: BLE001
        return verdicts.of_exception(error)
    try:
        channel.detail = ""
        if channel.batch_size > 1:
            for _, failure in channel.send_batch([delivery]):
                return verdicts.of_outcome(failure, channel.detail)
            return Verdict("error", "the notifier's send_batch() said nothing about this delivery")
        send: Callable[[Delivery], object] = channel.send
        return verdicts.of_return(send(delivery), channel.detail)
    except (Exception, SystemExit) as error:  # noqa: BLE001
        return verdicts.of_exception(error, channel.detail)
    finally:
        channels.give_back(opened)
