"""Where a bus has its records, and how a test gives the buses of a process another place.

An application reaches its bus in ways that no test knows of: a global that was opened at an import, an argument, a
closure. So the bus stays, and what it works with is exchanged: in those that there are, and in those that are opened
while a `StandIn` is in place.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pulp_events.bus.delivering import Delivering
    from pulp_events.listeners.store import ListenerStore
    from pulp_events.plugins.registry import Plugins
    from pulp_events.settings.settings import Settings
    from pulp_events.system.clock import Clock


class Home:
    """What a bus works with."""

    def __init__(self, settings: Settings, plugins: Plugins, store: ListenerStore, delivering: Delivering) -> None:
        """`plugins`: those that are told of what happens. `delivering`: with the outbox."""
        self.settings = settings
        self.plugins = plugins
        self.store = store
        self.delivering = delivering

    def close(self) -> None:
        """Let go of both stores."""
        self.delivering.close_outbox()
        self.store.close()


class Movable(Protocol):
    """A bus, as far as its home is concerned."""

    settings: Settings
    plugins: Plugins
    data_dir: Path
    clock: Clock

    @property
    def is_closed(self) -> bool: ...

    def move(self, home: Home) -> Home:
        """Work with this home from now on; returns the one before."""


class StandIn(Protocol):
    """Gives buses a home in place of their own."""

    def home_for(self, bus: Movable) -> Home:
        """The home that this bus has from now on."""


_lock = threading.RLock()
_buses: weakref.WeakSet[Movable] = weakref.WeakSet()
_stand_ins: list[StandIn] = []


def stand_in() -> StandIn | None:
    """The one that is in place; None outside of tests."""
    with _lock:
        return _stand_ins[-1] if _stand_ins else None


def join(bus: Movable) -> None:
    """A bus is ready, and is moved from now on when a stand-in comes."""
    with _lock:
        _buses.add(bus)


def _renew() -> None:
    """In a forked child: the thread that had the lock may not be here."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


@contextmanager
def moved_in(stand_in: StandIn) -> Iterator[None]:
    """Within the block, each bus of this process has the home that the stand-in has for it.

    Those that were open before get their own back. One that was closed meanwhile lets go of that then; one that was
    opened meanwhile stays where it is, and never touches any other.
    """
    left: weakref.WeakKeyDictionary[Movable, Home] = weakref.WeakKeyDictionary()
    with _lock:
        _stand_ins.append(stand_in)
    try:
        with _lock:
            for bus in [each for each in _buses if not each.is_closed]:
                left[bus] = bus.move(stand_in.home_for(bus))
        yield
    finally:
        with _lock:
            _stand_ins.remove(stand_in)
            for bus, own in list(left.items()):
                if bus.is_closed:
                    own.close()
                else:
                    bus.move(own)
