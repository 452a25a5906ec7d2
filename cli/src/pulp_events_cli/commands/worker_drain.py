"""`pulp-admin event worker --drain`: make the deliveries that are due, and end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulp_events_cli.errors import DONE, CommandFailed
from pulp_events_cli.output.progress import Progress
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.text import count
from pulp_events_cli.stopping import stoppable

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus

_STEP = 0.5
"""Seconds between looks at how far it is."""


def drain(bus: EventBus, grace: float, json: bool) -> int:
    """Deliver until nothing is due; the exit code is 1 if it was interrupted. `bus`: one that delivers nothing yet."""
    from pulp_events.outbox.records import DeliveryQuery
    from pulp_events.outbox.states import FINISHED, State

    def counted(state: State) -> int:
        return bus.deliveries.count(DeliveryQuery(state=state))

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
    ended = {state: max(0, counted(state) - number) for state, number in before.items()}
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
        raise CommandFailed(f"interrupted; {left} deliveries are still pending, and a worker will make them")
    return DONE
