"""Keeps a channel that pipelines busy: a window of deliveries in flight, refilled as they are settled."""

from __future__ import annotations

from pulp_events.dispatcher import verdict as verdicts
from pulp_events.dispatcher.channels import OpenChannel
from pulp_events.dispatcher.on_time import without_late
from pulp_events.dispatcher.sending import judge_all, verdict_of
from pulp_events.dispatcher.still_wanted import GIVEN_UP, lost_too_often, still_wanted
from pulp_events.dispatcher.turn import Turn
from pulp_events.dispatcher.verdict import Verdict
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.states import Outcome
from pulp_events.plugins import boundary
from pulp_events.system import log_fields

FOR_MORE = 0.02
"""Seconds of waiting for outcomes while there is room for more deliveries, which may be claimed meanwhile."""
SLICE = 2.0
"""Seconds after which a pipeline is drained where other listeners wait for a thread: its beginning and end cost more
than those of other turns."""
WHEN_FULL = 0.5
"""Seconds of waiting for outcomes while there is none."""


def pipeline(turn: Turn, opened: OpenChannel, part: list[Delivery], may_renew: bool) -> list[Delivery]:
    """Send `part`, and what waits after it, until nothing does; returns what is to be sent over a new channel.

    With an order to keep, one is in flight at a time.
    """
    channel = opened.channel
    begun: dict[str, tuple[float, float]] = {}
    again: list[Delivery] = []
    clock = turn.services.clock
    turn.slice = SLICE
    log_fields.begin(turn.route.listener)
    turn.proceed(opened.limit)
    try:
        new = part + _more(turn, opened, _window(turn, opened) - len(part))
        while new or turn.under_way:
            if new:
                now = (clock.time(), clock.monotonic())
                begun.update((delivery.id, now) for delivery in new)
                channel.submit(new)
            room = _window(turn, opened) - len(turn.under_way)
            for each in boundary.settlements(channel.settled(FOR_MORE if room > 0 else WHEN_FULL), "settled"):
                delivery_id, failure = boundary.settlement(each, "settled")
                delivery = turn.under_way.get(delivery_id)
                if delivery is None:
                    continue
                found = verdict_of(channel, failure)
                if found.credentials and may_renew:
                    again.append(delivery)
                    turn.under_way.pop(delivery_id)
                else:
                    turn.judge(delivery, found, begun.pop(delivery_id))
            new = [] if again else _more(turn, opened, _window(turn, opened) - len(turn.under_way))
    except BaseException as error:  # noqa: BLE001  # a notifier may raise anything, and only its deliveries suffer
        found = verdicts.of_exception(error)
        opened.broken = opened.broken or found.error is not None
        if found.credentials and may_renew:
            again += turn.under_way.values()
        else:
            judge_all(turn, turn.under_way.values(), found)
    finally:
        opened.used = True
    turn.also(again)
    return again


def _more(turn: Turn, opened: OpenChannel, room: int) -> list[Delivery]:
    """What is to be submitted next: nothing more over a channel that another is to replace."""
    if room <= 0 or not opened.is_usable or not turn.may_go_on():
        return []
    turn.services.refill(turn.route)
    if not turn.route.waiting or opened.generation != _generation(turn):
        return []
    new = without_late(turn, still_wanted(turn, turn.take(room)))
    turn.also(new)
    for delivery in [one for one in new if lost_too_often(turn, [one])]:
        new.remove(delivery)
        turn.judge(delivery, Verdict(Outcome.LOST, GIVEN_UP))
    return new


def _window(turn: Turn, opened: OpenChannel) -> int:
    """Deliveries in flight at most: what the channel says now, which may grow and shrink."""
    opened.in_flight = turn.route.in_flight = boundary.whole(opened.channel.in_flight, "the channel's in_flight", 1)
    return 1 if turn.route.ordered or turn.is_probe else opened.in_flight


def _generation(turn: Turn) -> int:
    """That of the listener's configuration as it is now."""
    turn.services.routes.get(turn.route.listener.id)  # takes over a record that was written again
    return turn.route.configuration.generation
