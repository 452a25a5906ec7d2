"""The first step of an attempt: does the listener, by its current record, still want these deliveries?"""

from __future__ import annotations

from contextlib import suppress

from pulp_events.dispatcher.turn import Turn
from pulp_events.errors import StoreError
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.delivery import Delivery
from pulp_events.system.logs import get_logger

GIVEN_UP = "given up: the process that was making it ended during each of the last attempts"
TARGET_REMOVED = "the target was removed from the listener"
WRONG_SCOPE = "withheld: the listener's scope or author was changed, and it may not get events of this one's scope"
NO_KNOWN_SCOPE = "withheld: the listener gets only events of one scope, and which one this event had is not known"
"""They name no scope: these may be read by whom the listener belongs to later."""

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
    if part and services.unheard(route.listener, part):
        part = _without_unheard(turn, part)
    if part and (erased := services.erased(part)):
        turn.release([*erased])  # dead by now, and nobody's: only this turn still has them
        part = [one for one in part if one not in erased]
    if route.listener.untrusted:
        part = [one.as_for_untrusted() for one in part]
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
    record = _record_now(turn, part, "deliveries to its removed targets wait")
    if record is None:
        return []
    targets, known = record.targets, turn.route.listener.targets
    if gone := sorted({delivery.target for delivery in part}.difference(targets)):
        turn.services.outbox.bury(record.id, TARGET_REMOVED, gone)
    turn.release([one for one in part if one.target in targets and one.target not in known])  # until it is read again
    return [one for one in part if one.target in targets and one.target in known]


def _without_unheard(turn: Turn, part: list[Delivery]) -> list[Delivery]:
    """What waits after them is looked at, too: where the record has changed, there may be many such."""
    unheard, route = turn.services.unheard, turn.route
    record = _record_now(turn, part, "deliveries of events with another scope wait")
    if record is None:
        return []
    waiting = []
    for one in unheard(record, [*route.waiting]):
        with suppress(ValueError):  # another turn took it, and looks as well
            route.waiting.remove(one)
            waiting.append(one)
    gone = [*unheard(record, part), *waiting]
    for reason, known in ((WRONG_SCOPE, True), (NO_KNOWN_SCOPE, False)):
        if those := [one for one in gone if one.scope_known is known]:
            _logger.info("listener %s: %d of its deliveries: %s", record.id, len(those), reason)
            turn.withhold(those, reason)
    part = [one for one in part if one not in gone]
    not_yet = unheard(route.listener, part)
    turn.release([*not_yet])  # until it is read again
    return [one for one in part if one not in not_yet]


def _record_now(turn: Turn, part: list[Delivery], if_not: str) -> Listener | None:
    """The listener's record from the store, as the one in use may be a moment old; None: nothing may be attempted."""
    listener_id = turn.route.listener.id
    try:
        record = turn.services.routes.read_now(listener_id)
    except StoreError as error:
        _logger.error("listener %s: %s: %s", listener_id, if_not, error)
        record = None
    if record is None:
        turn.halted = True
        turn.release(part)
    return record


def lost_too_often(turn: Turn, part: list[Delivery]) -> bool:
    """True if the process died during each of as many attempts as the schedule allows: a delivery that kills processes
    is not attempted forever."""
    return part[0].attempts - part[0].forgiven - 1 > len(turn.route.retry_schedule)
