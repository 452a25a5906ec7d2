"""`pulp-admin event worker --drain`: make the deliveries that are due, and end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pulp_events_cli import own_files
from pulp_events_cli.errors import DONE, CommandFailed
from pulp_events_cli.output.progress import Progress
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.text import count
from pulp_events_cli.stopping import stoppable

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.states import State

_STEP = 0.5
"""Seconds between looks at how far it is."""
_REMEDY = (
    "; recover what is readable with `pulp-admin event recover`, then drain again, or delete the file if nothing in it "
    "is needed"
)


def drain(bus: EventBus, grace: float, json: bool) -> int:
    """Deliver until nothing is due. Raises CommandFailed if it was interrupted, or if deliveries stand in a damaged
    outbox that was set aside, meanwhile or before. `bus`: one that delivers nothing yet."""
    from pulp_events.outbox.records import DeliveryQuery
    from pulp_events.outbox.states import FINISHED, State
    from pulp_events.system.clock import SystemClock

    def counted(state: State) -> int:
        return bus.deliveries.count(DeliveryQuery(state=state))

    set_aside, began = own_files.set_aside(bus), SystemClock().time()
    total = counted(State.PENDING)
    before = {state: counted(state) for state in FINISHED if state is not State.DELIVERED}
    bus.heartbeat.become_worker()
    bus.dispatcher.start()  # not sooner: what it had done by then would be in some of the counts
    with stoppable() as stopped, Progress("drain: deliveries", lambda: total) as progress:
        while not stopped() and not bus.dispatcher.drain(_STEP):
            progress.show(total - counted(State.PENDING))
        interrupted = stopped()
        if interrupted:
            bus.dispatcher.stop(grace)  # what is under way is finished, and counted below
    left = counted(State.PENDING)
    damaged = own_files.set_aside(bus)
    used = [path for path in damaged if path not in set_aside]
    ended = {state: max(0, counted(state) + _there(used, state) - was) for state, was in before.items()}
    delivered = bus.dispatcher.made[0]  # with what was emitted meanwhile, as events about events are
    if json:
        print_json({State.PENDING: left, State.DELIVERED: delivered, **ended, "interrupted": interrupted})
    else:
        waits = (
            "wait for a retry, their endpoint, their listener's rate, the end of a mute, a listener to be enabled, or "
            "an attempt that another process began"
        )
        gone = bus.deliveries.count_orphaned(DeliveryQuery(state=State.PENDING))
        more = f"; {left - gone} {waits}" if left > gone and not interrupted else ""
        if gone and not interrupted:
            more += f"; {count(gone, 'is', 'are')} to a listener that was deleted, and not made"
        made = f"{count(delivered, 'delivery', 'deliveries')} made"
        confirm(", ".join([made, *(f"{number} {state}" for state, number in ended.items())]) + more)
    if interrupted:
        bus.close(drain=False)
        own_files.warn_of_set_aside(bus)
        raise CommandFailed(f"interrupted; {left} deliveries are still pending, and a worker will make them")
    if damaged:
        recorded = (counted(State.DELIVERED) + _there(used, State.DELIVERED, began)) if used else delivered
        _refuse_set_aside(damaged, max(0, delivered - recorded))
    return DONE


def _there(damaged: Sequence[Path], state: State, since: float | None = None) -> int:
    """Deliveries in this state in outboxes that were in use when the drain began."""
    from pulp_events.outbox.sqlite import left_behind

    return sum(left_behind.count(path, state, since) or 0 for path in damaged)


def _refuse_set_aside(damaged: Sequence[Path], unrecorded: int) -> None:
    """Raises CommandFailed where deliveries were pending in these outboxes, or may have been. `unrecorded`: how many
    are pending there still although they were made: their outbox was set aside meanwhile."""
    from pulp_events.outbox.sqlite import left_behind
    from pulp_events.outbox.states import State

    pending = {path: left_behind.count(path, State.PENDING) for path in damaged}
    if said := [_left(path, number) for path, number in pending.items() if number != 0]:
        if unrecorded:
            said.append(
                f"{unrecorded} of them {'was' if unrecorded == 1 else 'were'} made, but could not be recorded any more"
            )
        raise CommandFailed("; ".join(said) + _REMEDY)


def _left(damaged: Path, number: int | None) -> str:
    what = "an unknown number of deliveries is"
    if number is not None:
        what = count(number, "delivery is", "deliveries are")
    return f"{damaged} is a damaged outbox that was set aside: {what} still pending in it"
