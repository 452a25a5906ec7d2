"""A step of an attempt for a listener with a rate: does it begin with tokens that are fresh?

They are taken at the claim. Between that and the attempt, what was claimed may wait for a thread, or for a channel that
opens; if all that waited began at once then, the rate would be exceeded. So what comes too late is released, without
its token (`FreshTokens`), and claimed again by the thread that is about to send it.
"""

from __future__ import annotations

from pulp_events.dispatcher.turn import Turn
from pulp_events.errors import StoreError
from pulp_events.outbox.delivery import Delivery
from pulp_events.system.logs import get_logger

_logger = get_logger(__name__)


def renew_late(turn: Turn) -> None:
    """What is under way, and about to be sent for the first time, is then what may be sent now: maybe nothing."""
    route = turn.route
    late = turn.services.late(route, list(turn.under_way.values()))
    if not late:
        return
    turn.withdraw(late)
    try:
        # In an order, what follows can be claimed only after it.
        rest = turn.take(len(route.waiting)) if route.ordered else ()
        turn.services.release_late(route, [*late, *rest])
        again = turn.services.claim_again(route, late)
        if again and not turn.begin_again(again):
            turn.services.release_late(route, again)
    except StoreError as error:
        _logger.error("listener %s: deliveries wait for their turn by the rate: %s", route.listener.id, error)
        turn.halted = True


def without_late(turn: Turn, more: list[Delivery]) -> list[Delivery]:
    """Of what would be sent along with others, what may be sent now; the rest is released."""
    late = turn.services.late(turn.route, more)
    if not late:
        return more
    turn.services.release_late(turn.route, late)
    return [one for one in more if one not in late]
