"""Puts a dispatcher together."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from pulp_events.clock import Clock
from pulp_events.dispatcher.dispatcher import Dispatcher
from pulp_events.dispatcher.recorder import AttemptRecorder
from pulp_events.dispatcher.routes import Routes
from pulp_events.dispatcher.watch import AttemptWatch
from pulp_events.listeners.index import ListenerIndex
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.store import Outbox
from pulp_events.plugins.observers import Observers
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.settings import Settings


def make_dispatcher(
    outbox: Outbox,
    index: ListenerIndex,
    plugins: Plugins,
    settings: Settings,
    clock: Clock,
    dice: random.Random,
    disable: Callable[[Listener, str], None],
) -> Dispatcher:
    """A dispatcher over these parts. `disable(listener, reason)`: called for a listener that is to be left alone."""
    stopping = threading.Event()
    routes = Routes(index, plugins, settings, outbox, clock)
    recorder = AttemptRecorder(
        outbox, settings, AttemptWatch(Observers(plugins, settings)), clock, dice, disable, stopping
    )
    return Dispatcher(outbox, routes, recorder, settings, clock, stopping)
