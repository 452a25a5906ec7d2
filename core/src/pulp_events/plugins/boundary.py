"""What a notifier returns, raises or sets, checked once, where it enters: behind this file every type is right."""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pulp_events.errors import DeliveryFailure, EventsError, PluginError
from pulp_events.notifier import WITHIN_NETWORKS, Channel, Config, Notifier, Settlement
from pulp_events.system import guard
from pulp_events.visible import one_line, quoted

if TYPE_CHECKING:
    from pulp_events.networks import Networks

MOST_AT_ONCE = 5000
"""Deliveries of one batch, or in flight on one channel, at most, whatever a channel asks for."""


class NotifierMistake(TypeError):
    """A notifier returned or set what it must not; the text says what, and what would be right."""


def seconds(value: object, what: str, *, zero: bool = False) -> float:
    """A number of seconds above 0 (or from 0, with `zero`); `what` names its origin, such as `limit()`."""
    no_coroutine(value, what)
    least = "of at least 0" if zero else "above 0"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise NotifierMistake(f"{what} is {shown(value)}; it must be a number of seconds {least}")
    if value < 0 or (value == 0 and not zero):
        raise NotifierMistake(f"{what} is {value!r}; it must be a number of seconds {least}")
    return float(value)


def whole(value: object, what: str, least: int) -> int:
    """A whole number from `least` on, cut to MOST_AT_ONCE."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise NotifierMistake(f"{what} is {shown(value)}; it must be a whole number of at least {least}")
    return min(value, MOST_AT_ONCE)


def text(value: object, what: str) -> str:
    """A text."""
    if not isinstance(value, str):
        raise NotifierMistake(f"{what} is {shown(value)}; it must be text")
    return value


def flag(value: object, what: str) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise NotifierMistake(f"{what} is {shown(value)}; it must be True or False")
    return value


def words_of(error: BaseException) -> str:
    """The text of an exception, whatever its own `__str__` does."""
    try:
        return str(error)
    except BaseException as worse:  # noqa: BLE001
        return f"(its text cannot be shown: {type(worse).__name__})"


def shown(value: object, most: int = 60) -> str:
    """At most this many characters of `repr(value)`, whatever its own `__repr__` does."""
    try:
        return quoted(value, most)
    except BaseException as worse:  # noqa: BLE001
        return f"a {type(value).__name__} that cannot be shown ({type(worse).__name__})"


def is_broken(channel: Channel) -> bool:
    """What the channel says of itself; one that cannot say is."""
    try:
        return bool(channel.broken)
    except BaseException:  # noqa: BLE001
        return True


@contextmanager
def mistakes(what: str, scrub: Callable[[str], str], *, passes: type[Exception] = EventsError) -> Iterator[None]:
    """The block calls `what`, a plugin's, outside an attempt.

    What it should not raise, exits among it, becomes PluginError, which names it. EventsError and `passes` go on as
    they are. `scrub` takes the secrets out of the text.
    """
    try:
        with guard.exits():
            yield
    except guard.RaisedExit as error:
        raise PluginError(f"{what}: {scrub(words_of(error))}") from error
    except (EventsError, passes):
        raise
    except NotifierMistake as error:
        raise PluginError(f"{what}: {scrub(words_of(error))}") from error
    except Exception as error:
        text = scrub(one_line(f"{type(error).__name__}: {words_of(error)}"))
        raise PluginError(f"{what}: it raised {text}") from error


def no_coroutine(value: object, what: str) -> None:
    """Refuse what a coroutine function returns; it is closed, so that Python does not warn of it by itself."""
    if isinstance(value, types.CoroutineType):
        value.close()
        raise NotifierMistake(f"{what} must not be of a coroutine function: nobody awaits it; write def, not async def")


def texts(found: Any, what: str) -> list[str]:
    """A list of texts, from any iterable of them but a text itself, which would fall into its letters."""
    no_coroutine(found, what)
    listed = None if isinstance(found, str | bytes) or not isinstance(found, Iterable) else list(found)
    if listed is None or not all(isinstance(each, str) for each in listed):
        raise NotifierMistake(f"{what} must return a list of texts, not {shown(found if listed is None else listed)}")
    return listed


def channel_of(notifier: Notifier, config: Config, settings: Config, networks: Networks | None = None) -> Channel:
    """What `Notifier.open` returned; `networks`: those to which the channel is held by `open_within`."""
    within = networks is not None and notifier.connects_to == WITHIN_NETWORKS
    method = "open_within()" if within else "open()"
    with guard.exits(method):
        found: object = (
            notifier.open_within(config, settings, networks)
            if within and networks is not None
            else notifier.open(config, settings)
        )
    if not isinstance(found, Channel):
        raise NotifierMistake(f"{method} returned {type(found).__name__}; it must return a Channel")
    return found


def actions_of(notifier: Notifier) -> list[Any]:
    """What `Notifier.actions` returned, in a list; of what it is made is not checked. Raises PluginError."""
    with mistakes(f"notifier type {notifier.type_id!r}", str):
        found: object = notifier.actions()
        if isinstance(found, str | bytes) or not isinstance(found, Iterable):
            raise NotifierMistake(f"actions() returned {shown(found)}; it must return a list of Action objects")
        return list(found)


def probe(notifier: Notifier, settings: Config, tell: Callable[[str], None]) -> None:
    """Give `tell` what `Notifier.probe` finds, line by line. Raises its failure, or PluginError."""
    with mistakes(f"notifier type {notifier.type_id!r}", str):
        found: object = notifier.probe(settings)
        if isinstance(found, str | bytes) or not isinstance(found, Iterable):
            raise NotifierMistake(f"probe() returned {shown(found)}; it must return or yield texts")
        for line in found:
            tell(text(line, "what probe() yielded"))


def settings_warnings_of(notifier: Notifier, settings: Config, scrub: Callable[[str], str]) -> list[str]:
    """What `Notifier.settings_warnings` returned. Raises EventsError, PluginError for a mistake."""
    with mistakes(f"notifier type {notifier.type_id!r}, settings_warnings()", scrub):
        return texts(notifier.settings_warnings(settings), "settings_warnings()")


def targets_here_of(notifier: Notifier) -> Container[str] | None:
    """What `Notifier.targets_here` says; None where that cannot be asked what it contains."""
    try:
        found: object = notifier.targets_here
    except Exception:  # noqa: BLE001  # its attempts say what is wrong with it
        return None
    if found is None:  # as with most, and this is asked before each claim
        return None
    return found if isinstance(found, Container) and not isinstance(found, str | bytes) else None


def target_elsewhere(notifier: Notifier, targets: Iterable[str]) -> str | None:
    """The first target that other processes may deliver to and this one cannot, by `Notifier.targets_here`."""
    here = targets_here_of(notifier)
    try:
        return None if here is None else next((target for target in targets if target not in here), None)
    except Exception:  # noqa: BLE001
        return None


def limit_of(notifier: Notifier, config: Config, settings: Config) -> float:
    """Seconds that one attempt may take."""
    with guard.exits("limit()"):
        found: object = notifier.limit(config, settings)
    return seconds(found, "what limit() returned")


def window_of(notifier: Notifier, config: Config) -> float | None:
    """Seconds of events that leave together; None: each leaves by itself."""
    with guard.exits("window()"):
        found: object = notifier.window(config)
    return None if found is None else seconds(found, "what window() returned")


def detail_of(channel: Channel) -> str:
    """What the channel said of the delivery just sent."""
    return text(channel.detail, "the channel's detail")


def settlements(found: object, method: str) -> Iterable[Settlement]:
    """What `send_batch` or `settled` returned."""
    if not isinstance(found, Iterable):
        raise NotifierMistake(f"{method}() returned {shown(found)}; it must yield (delivery, failure or None)")
    return found


def settlement(found: Any, method: str) -> tuple[str, DeliveryFailure | None]:
    """One of these: the id of its delivery, and its failure if there is one."""
    try:
        delivery, failure = found
        delivery_id = delivery.id
    except (TypeError, ValueError, AttributeError):
        raise NotifierMistake(
            f"{method}() yielded {shown(found, 80)}; it must yield (delivery, failure or None)"
        ) from None
    if failure is not None and not isinstance(failure, DeliveryFailure):
        raise NotifierMistake(
            f"{method}() yielded {shown(failure, 80)} for a delivery; it must be None, a TransientFailure or a "
            "PermanentFailure"
        )
    return delivery_id, failure


def retry_after_of(failure: Any) -> float | None:
    """Seconds that the receiver asked us to wait."""
    found = failure.retry_after
    if found == math.inf and not isinstance(found, str):
        return math.inf  # it is cut to a day
    return None if found is None else seconds(found, f"retry_after of {type(failure).__name__}", zero=True)
