"""What `EventBus.open` is given: looked at before anything is read, made or imported."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from pulp_events.bus.delivery_mode import MODES
from pulp_events.bus.refusals import check_on_error
from pulp_events.errors import EventsError
from pulp_events.plugins.registry import Plugins
from pulp_events.system.arguments import check_path

_READINGS = ("time", "monotonic", "boottime")
"""Methods of a `Clock`."""
_TYPES = "EventTypes, or classes derived from EventModel"


def check_arguments(
    *,
    config: object,
    deliver: object,
    plugins: object,
    data_dir: object,
    clock: object,
    random: object,
    imports: object,
    on_error: object,
    event_types: object,
    encode: object,
) -> None:
    """Raise EventsError for the first that is of another kind. `settings` and `by` are looked at by who reads them."""
    if not isinstance(deliver, str) or deliver not in MODES:
        raise EventsError(f"deliver={deliver!r:.60} is unknown; use one of {', '.join(MODES)}")
    check_on_error(on_error)
    check_path(config, "config")
    check_path(data_dir, "data_dir")
    if not isinstance(plugins, bool | Plugins):
        raise EventsError(f"plugins={plugins!r:.60} says nothing; give True for those installed, or False for none")
    if clock is not None and (
        isinstance(clock, type) or not all(callable(getattr(clock, each, None)) for each in _READINGS)
    ):
        raise EventsError(
            f"clock={clock!r:.60} is no clock; give an object with time(), monotonic() and boottime(), or leave it out"
        )
    if random is not None and not isinstance(random, Random):
        raise EventsError(
            f"random={random!r:.60} is no source of random numbers; give a random.Random, or leave it out"
        )
    if encode is not None and not callable(encode):
        raise EventsError(f"encode={encode!r:.60} cannot be called; give a function of one value, or leave it out")
    if encode is not None and _is_coroutine_function(encode):
        raise EventsError(f"encode={encode!r:.60} is a coroutine function, and nothing awaits it; write def")
    if isinstance(event_types, str):
        raise EventsError(f"event_types={event_types!r:.60} is a text; give a list of {_TYPES}")
    _check_list(imports, "imports", "modules, such as ['myapp.events']")
    _check_list(event_types, "event_types", _TYPES)


def _is_coroutine_function(function: object) -> bool:
    import inspect  # takes long to import, and few give a function

    return inspect.iscoroutinefunction(function)


def _check_list(value: object, name: str, what: str) -> None:
    """Text is told of by who reads the list: it may be its one element."""
    if not isinstance(value, Iterable):
        raise EventsError(f"{name}={value!r:.60} is no list; give a list of {what}")
