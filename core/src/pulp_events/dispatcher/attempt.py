"""One attempt, as a list of steps: whoever makes it (background, worker, inline, `listener test`), these are they.

    1. look    the listener's record as it is now: what it is not to get is given back, or buried  (`look.py`);
               what has expired is dead, also if that is found once a channel is open
    2. give up on what ended its process as often as the schedule has attempts
    3. open    a channel of the configuration as it is now                                         (`channels.py`)
               and claim again what has waited too long for the listener's rate                     (`on_time.py`)
    4. send    a delivery, a batch, what leaves together, or a pipeline           (`sending.py`, `pipeline.py`)
    5. renew   where the answer speaks of credentials and the channel is an old one: once more over a new one
    6. judge   what was raised or returned                                                         (`verdict.py`)
    7. record  with what follows from it                                          (`recorder.py`, `retry.py`)

The steps are coroutines, so that they are written once: a notifier whose methods are coroutine functions is awaited in
an event loop, and for any other they run through without waiting.
"""

from __future__ import annotations

from contextlib import nullcontext

from pulp_events.dispatcher import verdict as verdicts
from pulp_events.dispatcher.channels import OpenChannel, connect, make_channel
from pulp_events.dispatcher.on_time import renew_late
from pulp_events.dispatcher.pipeline import pipeline
from pulp_events.dispatcher.sending import awaited, judge_all, send
from pulp_events.dispatcher.still_wanted import GIVEN_UP, lost_too_often, still_wanted, without_expired
from pulp_events.dispatcher.turn import OPEN_LIMIT, Turn
from pulp_events.dispatcher.verdict import Verdict
from pulp_events.errors import StoreError
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.states import Outcome
from pulp_events.system import log_fields


def make_attempts(turn: Turn) -> None:
    """A whole turn in this thread: attempts until nothing waits, or something speaks against the next one."""
    while part := turn.next():
        steps = attempt(turn, part)
        try:
            steps.send(None)
        except StopIteration:
            continue
        steps.close()
        raise RuntimeError(f"an attempt for listener {turn.route.listener.id} waits outside an event loop")


async def make_attempts_in_loop(turn: Turn) -> None:
    """The same as a task of an event loop."""
    while part := turn.next():
        await attempt(turn, part)


async def attempt(turn: Turn, part: list[Delivery]) -> None:
    """Make one attempt of a delivery, or of what leaves together."""
    part = still_wanted(turn, part)
    if not part:
        return
    if part[0].attempts > 1:  # it may be what ended a process: that is to cost no result
        turn.services.recorder.flush()
    if not turn.begin(part, OPEN_LIMIT):
        return  # released by whoever gave up the turn
    log_fields.begin(part[0] if len(part) == 1 else turn.route.listener)
    try:
        if (fault := turn.route.window_fault) is not None:
            judge_all(turn, part, Verdict(Outcome.ERROR, fault))
            return
        if lost_too_often(turn, part):
            judge_all(turn, part, Verdict(Outcome.LOST, GIVEN_UP))
            return
        renewed = False
        while part and (opened := await _open(turn, renewed)):
            part = without_expired(turn, turn.those_of(part))  # to open a channel may take long
            if not part:
                break
            how = _pipeline if opened.in_flight and turn.route.window is None else send
            part = await how(turn, opened, part, may_renew=opened.used and not renewed)
            if part:
                renewed = True
                _discard(turn)
                turn.services.channels.close_of(turn.route.listener.id)  # the other old ones too
    except StoreError:
        raise
    except BaseException as error:  # noqa: BLE001  # whatever a notifier's objects do, it is their delivery's failure
        judge_all(turn, turn.under_way.values(), verdicts.of_exception(error))
        _discard(turn)
    finally:
        turn.end()
        log_fields.begin(None)


async def _open(turn: Turn, renewed: bool) -> OpenChannel | None:
    """The channel to use; None if none could be opened, which then is the failure of what is under way.

    Unless it is sent once more (`renewed`), what is under way afterwards may be sent now by the listener's rate.
    """
    route, services = turn.route, turn.services
    generation = route.configuration.generation
    opened = turn.opened
    if opened is not None and (not opened.is_usable or opened.generation != generation):
        _discard(turn)
    try:
        opened = turn.opened or _of_this_loop(turn, services.channels.take(route.listener.id, generation))
        if opened is None or not opened.connected:
            # Tasks of a loop take turns by themselves, and must not wait for each other in its thread.
            with route.traits.first_use.alone() if turn.loop is None else nullcontext():
                opened = opened or make_channel(route.listener.id, route.traits, route.configuration)
                turn.opened = opened
                if not renewed:
                    renew_late(turn)
                if not turn.under_way:  # the channel is connected by whoever uses it
                    route.traits.first_use.put_off()
                    return opened
                opened.connected, opened.loop = True, turn.loop
                turn.proceed(OPEN_LIMIT, connecting=True)
                await awaited(turn, connect(opened.channel))
        elif not renewed:
            renew_late(turn)
        turn.opened = opened
        route.in_flight = opened.in_flight
        route.learn_kind(opened.is_async)
        return opened
    except BaseException as error:  # noqa: BLE001  # a notifier may raise anything, and only its deliveries suffer
        _discard(turn)
        judge_all(turn, turn.under_way.values(), verdicts.of_exception(error))
        return None


def _of_this_loop(turn: Turn, opened: OpenChannel | None) -> OpenChannel | None:
    """The channel, unless it belongs to an event loop that was replaced meanwhile."""
    if opened is not None and opened.is_async and opened.loop is not turn.loop:
        turn.services.channels.discard(opened)
        return None
    return opened


async def _pipeline(turn: Turn, opened: OpenChannel, part: list[Delivery], may_renew: bool) -> list[Delivery]:
    return pipeline(turn, opened, part, may_renew)


def _discard(turn: Turn) -> None:
    if turn.opened is not None:
        turn.services.channels.discard(turn.opened)
        turn.opened = None
