"""Puts a dispatcher together."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from pulp_events.dispatcher.channels import Channels
from pulp_events.dispatcher.dispatcher import Dispatcher
from pulp_events.dispatcher.erased import Erased
from pulp_events.dispatcher.event_loops import EventLoops
from pulp_events.dispatcher.health import HealthWatch
from pulp_events.dispatcher.heartbeat import Heartbeat
from pulp_events.dispatcher.recorder import Recorder
from pulp_events.dispatcher.renewal import Renewal
from pulp_events.dispatcher.routes import Routes
from pulp_events.dispatcher.services import Services
from pulp_events.dispatcher.watch import AttemptWatch
from pulp_events.listeners.hearing import unheard
from pulp_events.listeners.index import ListenerIndex
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.store import Outbox
from pulp_events.plugins.observers import Observers
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.settings import Settings
from pulp_events.system.clock import Clock


def make_dispatcher(
    outbox: Outbox,
    index: ListenerIndex,
    plugins: Plugins,
    settings: Settings,
    clock: Clock,
    dice: random.Random,
    disable: Callable[[Listener, str], None],
    heartbeat: Heartbeat,
    look_out: Callable[[bool], bool],
) -> Dispatcher:
    """A dispatcher over these parts. `disable(listener, reason)`: called for a listener that is to be left alone.
    `look_out`: see `Services`."""
    stopping = threading.Event()
    channels = Channels(clock)
    routes = Routes(index, plugins, settings, outbox, channels, clock)
    health = HealthWatch(outbox, settings.section("delivery"), clock, disable, index.get)
    watch = AttemptWatch(Observers(plugins, settings))
    recorder = Recorder(outbox, settings, watch, clock, dice, health, stopping, index.get, lambda: heartbeat.known_as)
    renewal = Renewal(index, outbox, dice)
    services = Services(outbox, routes, channels, recorder, EventLoops(), clock, stopping, renewal, heartbeat, look_out)
    services.erased = Erased(outbox, clock).among
    services.unheard = unheard
    return Dispatcher(services, settings)
