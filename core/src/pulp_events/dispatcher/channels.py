"""The open channels of all listeners: reused, bounded in number, closed when idle, outdated or unused for longest."""

from __future__ import annotations

import inspect
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from pulp_events.dispatcher.configuration import Configuration
from pulp_events.dispatcher.traits import Traits
from pulp_events.notifier import Channel
from pulp_events.plugins import boundary
from pulp_events.secrets import Scrubber
from pulp_events.system.clock import Clock
from pulp_events.system.logs import get_logger

IDLE_TIMEOUT = 60.0
"""Seconds after which an unused channel is closed."""
MOST_IDLE = 256
"""Channels that are kept open while nothing is sent through them, of all listeners together."""

_logger = get_logger(__name__)


@dataclass(eq=False)
class OpenChannel:
    """A channel and what the dispatcher must know of it."""

    channel: Channel
    type_id: str
    listener_id: str
    generation: int
    limit: float
    """Seconds that one send may take."""
    is_limit_kept_here: bool
    """The notifier does not know that limit."""
    batch_size: int
    in_flight: int
    is_async: bool
    scrub: Scrubber
    loop: object = None
    """The event loop that it was opened in: what it holds cannot be used in another."""
    connected: bool = False
    """Its `open` was called."""
    broken: bool = False
    """The dispatcher trusts it no more; what the channel says of itself is its `broken`."""
    used: bool = False
    """It was opened for an earlier attempt."""
    idle_since: float = 0.0

    @property
    def is_usable(self) -> bool:
        """True if another delivery may go over it."""
        return not (self.broken or boundary.is_broken(self.channel))


def make_channel(listener_id: str, traits: Traits, configuration: Configuration) -> OpenChannel:
    """A channel that is not connected yet; what its notifier needs to import is imported. May raise anything."""
    config, generation, networks = configuration.read()
    settings = configuration.settings()
    channel = boundary.channel_of(traits.notifier, config, settings, networks)
    batch_size = boundary.whole(channel.batch_size, "the channel's batch_size", 1)
    in_flight = boundary.whole(channel.in_flight, "the channel's in_flight", 0)
    is_async = traits.is_async or inspect.iscoroutinefunction(channel.send)
    if is_async and (in_flight or batch_size > 1):
        raise boundary.NotifierMistake("a channel whose send() is a coroutine function takes deliveries one by one")
    return OpenChannel(
        channel,
        traits.notifier.type_id,
        listener_id,
        generation,
        configuration.limit(config, settings),
        configuration.is_kept_here,
        batch_size,
        in_flight,
        is_async,
        configuration.scrubber,
    )


def connect(channel: Channel) -> object:
    """Call the channel's `open`, or its `__enter__` where it has one of its own; what may have to be awaited."""
    if type(channel).__enter__ is Channel.__enter__:
        return channel.open()
    channel.__enter__()
    return None


def disconnect(channel: Channel) -> object:
    """The same for `close` and `__exit__`."""
    if type(channel).__exit__ is Channel.__exit__:
        return channel.close()
    channel.__exit__(None, None, None)
    return None


def has_nothing_to_close(channel: Channel) -> bool:
    """True if closing it does nothing."""
    return type(channel).close is Channel.close and type(channel).__exit__ is Channel.__exit__


class Channels:
    """Hands out idle channels; a channel is used by one thread at a time.

    `on_close(opened)` is called, without a lock held, with each channel that is used no more. It is to return at once:
    what a notifier's `close` does takes as long as it likes.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.on_close: Callable[[OpenChannel], None] = lambda opened: None
        self._idle: OrderedDict[OpenChannel, None] = OrderedDict()
        self._of_listener: dict[str, list[OpenChannel]] = {}
        self._lock = threading.RLock()

    def take(self, listener_id: str, generation: int) -> OpenChannel | None:
        """An idle channel of this generation, if there is one; those of others are closed."""
        outdated = []
        try:
            with self._lock:
                mine = self._of_listener.get(listener_id)
                while mine:
                    opened = mine[-1]
                    self._remove(opened)
                    if opened.generation == generation:
                        opened.used = True
                        return opened
                    outdated.append(opened)
            return None
        finally:
            for opened in outdated:
                self.on_close(opened)

    def give_back(self, opened: OpenChannel, generation: int) -> None:
        """Keep the channel for the next delivery, unless it is broken or made for an older configuration."""
        excess = None
        if not opened.is_usable or opened.generation != generation:
            excess = opened
        else:
            opened.idle_since = self._clock.monotonic()
            with self._lock:
                self._idle[opened] = None
                self._of_listener.setdefault(opened.listener_id, []).append(opened)
                if len(self._idle) > MOST_IDLE:
                    excess = next(iter(self._idle))
                    self._remove(excess)
        if excess is not None:
            self.on_close(excess)

    def discard(self, opened: OpenChannel) -> None:
        """Use it no more."""
        self.on_close(opened)

    def close_of(self, listener_id: str) -> None:
        """Close the idle channels of a listener."""
        with self._lock:
            outdated = list(self._of_listener.get(listener_id, ()))
            for opened in outdated:
                self._remove(opened)
        for opened in outdated:
            self.on_close(opened)

    def close_idle(self, older_than: float = IDLE_TIMEOUT) -> None:
        """Close channels that were not used for that many seconds."""
        now = self._clock.monotonic()
        outdated = []
        with self._lock:
            while self._idle and now - (first := next(iter(self._idle))).idle_since >= older_than:
                self._remove(first)
                outdated.append(first)
        for opened in outdated:
            self.on_close(opened)

    def _remove(self, opened: OpenChannel) -> None:
        del self._idle[opened]
        mine = self._of_listener[opened.listener_id]
        mine.remove(opened)
        if not mine:
            del self._of_listener[opened.listener_id]
