"""The first step of an attempt: does the listener, by its current record, still want these deliveries?"""

from __future__ import annotations

from pulp_events.dispatcher.turn import Turn
from pulp_events.errors import StoreError
from pulp_events.outbox.delivery import Delivery
from pulp_events.system.logs import get_logger

GIVEN_UP = "given up: the process that was making it ended during each of the last attempts"
TARGET_REMOVED = "the target was removed from the listener"

_logger = get_logger(__name__)


def still_wanted(turn: Turn, part: list[Delivery]) -> list[Delivery]:
    """The deliveries that the listener still wants. The others are released or buried."""
    services, route = turn.services, turn.route
    if services.routes.get(route.listener.id) is not route:  # disabled, muted, deleted, its plugin gone
        turn.halted = True
        turn.release(part)
        return []
    route.used = services.clock.monotonic()
    targets = route.listener.targets
    if not all(delivery.target in targets for delivery in part):
        part = _without_removed_targets(turn, part)
    if part and (erased := services.erased(part)):
        turn.release([*erased])  # dead by now, and nobody's: only this turn still has them
        part = [one for one in part if one not in erased]
    return without_expired(turn, part)


def without_expired(turn: Turn, part: list[Delivery]) -> list[Delivery]:
    """Those that may be attempted now; the others are dead: what waits for a thread, or a channel, may expire there."""
    if all(delivery.expires is None for delivery in part):
        return part
    now = turn.services.clock.time()
    gone = [one for one in part if one.expires is not None and one.expires.timestamp() <= now]
    if gone:
        turn.expire(gone)
    return [one for one in part if one not in gone]


def _without_removed_targets(turn: Turn, part: list[Delivery]) -> list[Delivery]:
    services, listener_id = turn.services, turn.route.listener.id
    try:
        targets = services.routes.targets(listener_id)  # from the store: the record in use may be a moment old
    except StoreError as error:
        _logger.error("listener %s: deliveries to its removed targets wait: %s", listener_id, error)
        targets = None
    if targets is None:
        turn.halted = True
        turn.release(part)
        return []
    if gone := sorted({delivery.target for delivery in part}.difference(targets)):
        services.outbox.bury(listener_id, TARGET_REMOVED, gone)
    known = turn.route.listener.targets
    turn.release([one for one in part if one.target in targets and one.target not in known])  # until it is read again
    return [one for one in part if one.target in targets and one.target in known]


def lost_too_often(turn: Turn, part: list[Delivery]) -> bool:
    """True if the process died during each of as many attempts as the schedule allows: a delivery that kills processes
    is not attempted forever."""
    return part[0].attempts - part[0].forgiven - 1 > len(turn.route.retry_schedule)
