"""What all turns of a dispatcher share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pulp_events.dispatcher.channels import Channels
from pulp_events.dispatcher.event_loops import EventLoops
from pulp_events.dispatcher.heartbeat import Heartbeat
from pulp_events.dispatcher.recorder import Recorder
from pulp_events.dispatcher.renewal import Renewal
from pulp_events.dispatcher.route import Route
from pulp_events.dispatcher.routes import Routes
from pulp_events.errors import StoreError
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.store import Outbox
from pulp_events.system.clock import Clock


@dataclass
class Services:
    """Stores, channels and records.

    `refill(route)` claims more for a route whose channel has room; `late(route, deliveries)` tells which were claimed
    too long ago for the listener's rate; `release_late` gives such back, and `claim_again` claims those of them for
    which there are tokens. `erased(deliveries)` tells which are of events that were erased, and
    `unheard(listener, deliveries)` which are of events that the listener may not get. `look_out(now)` tells of what
    became of listeners, if it is time to, or `now`; True if there was anything to tell.
    """

    outbox: Outbox
    routes: Routes
    channels: Channels
    recorder: Recorder
    loops: EventLoops
    clock: Clock
    stopping: threading.Event
    renewal: Renewal
    heartbeat: Heartbeat | None = None
    look_out: Callable[[bool], bool] = lambda now: False
    refill: Callable[[Route], None] = lambda route: None
    erased: Callable[[Sequence[Delivery]], Sequence[Delivery]] = lambda deliveries: ()
    unheard: Callable[[Listener, Sequence[Delivery]], Sequence[Delivery]] = lambda listener, deliveries: ()
    late: Callable[[Route, Sequence[Delivery]], Sequence[Delivery]] = lambda route, deliveries: ()
    release_late: Callable[[Route, Sequence[Delivery]], None] = lambda route, deliveries: None
    claim_again: Callable[[Route, Sequence[Delivery]], Sequence[Delivery]] = lambda route, deliveries: ()
    hindrance: StoreError | None = None
    """Why nothing could be claimed when that was last tried; None where something could."""
    one_caller: bool = False
    """Whether whoever asks for attempts waits for each of them, as with `deliver="inline"`."""
