"""`on`: marks a function as a listener. Whoever has a bus registers it there."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from pulp_events.errors import EventsError, InvalidConfig
from pulp_events.functions.naming import check_name, stable_name, takes_delivery
from pulp_events.plugins import boundary
from pulp_events.system import guard
from pulp_events.visible import one_line

if TYPE_CHECKING:
    from pulp_events.events.event import Event
    from pulp_events.outbox.delivery import Delivery

Function: TypeAlias = "Callable[[Event], object] | Callable[[Event, Delivery], object]"
"""What may be a listener; what it returns is not looked at, beyond being awaited."""

F = TypeVar("F", bound=Function)

ATTRIBUTE = "__pulp_events_on__"
"""Where a marked function has its registrations."""


@dataclass(frozen=True)
class Wish:
    """What the listener of a function is to be like: the arguments of `on`. InvalidConfig if event types are no texts;
    which types there are, and what the other values may be, a bus knows."""

    event_types: tuple[str, ...]
    name: str | None = field(compare=False)
    filter: str | None
    retry_schedule: Sequence[float] | None
    lanes: int | None
    timeout: float | None
    rate: str | None
    expires: float | None
    scope: str | None = None

    def __post_init__(self) -> None:
        for each in self.event_types or (None,):
            if not isinstance(each, str):
                raise InvalidConfig(
                    f"on() was called with {'nothing' if each is None else boundary.shown(each)}; name event types or "
                    "patterns, such as @bus.on('repo.sync.*', 'repo.publish.*')"
                )
        if isinstance(self.retry_schedule, list):
            object.__setattr__(self, "retry_schedule", tuple(self.retry_schedule))

    def of(self, function: Callable[..., object]) -> Registration:
        """The same of this function. InvalidConfig if it cannot be a listener."""
        with_delivery = takes_delivery(function)
        name = stable_name(function) if self.name is None else check_name(self.name)
        return Registration(function, name, with_delivery, self)


@dataclass(frozen=True)
class Registration:
    """A function, its name, and what its listener is to be like."""

    function: Callable[..., object]
    name: str
    takes_delivery: bool
    wish: Wish


def on(
    *event_types: str,
    name: str | None = None,
    filter: str | None = None,
    retry_schedule: Sequence[float] | None = None,
    lanes: int | None = None,
    timeout: float | None = None,
    rate: str | None = None,
    expires: float | None = None,
    scope: str | None = None,
) -> Callable[[F], F]:
    """Mark a function as a listener, where there is no bus yet: `EventBus.open(imports=["myapp.events"])` and
    `pulp-admin event worker --import myapp.events` register the marked functions of a module.

    The arguments are those of `EventBus.on`.
    """
    wish = Wish(event_types, name, filter, retry_schedule, lanes, timeout, rate, expires, scope)

    def mark(function: F) -> F:
        put_mark(wish.of(function))
        return function

    return mark


def put_mark(made: Registration) -> None:
    """Leave the registration with the function, for `marked_in`. A method of an object cannot have it."""
    marks = inspect.getattr_static(made.function, ATTRIBUTE, ())
    if made in marks:
        return
    try:
        setattr(made.function, ATTRIBUTE, (*marks, made))
    except (AttributeError, TypeError):
        return


def marked_in(module: ModuleType) -> Iterator[Registration]:
    """What the functions of a module are marked with, each once, in the order of the module."""
    seen: set[int] = set()
    for value in list(vars(module).values()):
        # Not getattr: what pretends to be another object, as some frameworks' settings do, may refuse it.
        marks = inspect.getattr_static(value, ATTRIBUTE, None)
        for each in marks if isinstance(marks, tuple) else ():
            if isinstance(each, Registration) and id(each) not in seen:
                seen.add(id(each))
                yield each


def import_marked(name: str) -> list[Registration]:
    """Import a module; what its functions are marked with. EventsError if it cannot be imported, or has none."""
    if not isinstance(name, str) or not name or name.startswith("."):
        raise EventsError(f"imports has {boundary.shown(name)}; name a module, such as 'myapp.events'")
    try:
        with guard.exits(f"module {name}"):
            module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise _not_imported(name, error) from error
        raise EventsError(
            f"there is no module {name!r}; install its package in this environment, or name the folder that it is in "
            "in PYTHONPATH"
        ) from error
    except EventsError as error:
        raise EventsError(f"module {name!r} cannot be imported: {error}") from error
    except Exception as error:
        raise _not_imported(name, error) from error
    found = list(marked_in(module))
    if not found:
        raise EventsError(
            f"module {name!r} has no function that is marked with @on(…) or @bus.on(…) where all can see it; name the "
            "module that defines them, outside of other functions"
        )
    return found


def _not_imported(name: str, error: Exception) -> EventsError:
    reason = one_line(f"{type(error).__name__}: {boundary.words_of(error)}")
    return EventsError(f"module {name!r} cannot be imported: {reason}")
