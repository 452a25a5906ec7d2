"""Whether the methods of a notifier can be called as they are, as far as that can be seen without calling them."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from pulp_events.notifier import Notifier

CALLED = [name for name, found in vars(Notifier).items() if inspect.isfunction(found) and not name.startswith("_")]
"""Names of the methods that notifiers may override."""
_CHANNELS = ("open", "open_within")
"""Those that return a Channel."""


def methods_can_be_called(notifier: Notifier) -> Iterator[str]:
    """Each takes what it is called with, and `open` returns something."""
    for name in CALLED:
        method, base = getattr(type(notifier), name), getattr(Notifier, name)
        if method is base:
            continue
        names = [*inspect.signature(base).parameters][1:]
        try:
            inspect.signature(getattr(notifier, name)).bind(*names)
        except TypeError as error:
            yield f"{name}() cannot be called: {error}; declare it as def {name}(self, {', '.join(names)})"
        except ValueError:
            continue  # a callable without a signature
        if name in _CHANNELS and inspect.iscoroutinefunction(inspect.unwrap(method)):
            yield (
                f"{name}() must not be of a coroutine function: it returns a Channel, whose own open(), send() and "
                "close() may be; write def, not async def"
            )
        elif name in _CHANNELS and _returns_nothing(method):
            yield f"{name}() returns None; it must return a Channel"


def _returns_nothing(method: Callable[..., Any]) -> bool:
    """Whether each of its returns is of None; a function that always raises has none."""
    code = getattr(inspect.unwrap(method), "__code__", None)
    if code is None or code.co_flags & (inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR):
        return False
    instructions = [each for each in dis.get_instructions(code) if each.opname != "NOP"]
    before = [None, *instructions]
    values = [
        (each if each.opname == "RETURN_CONST" else previous)  # RETURN_CONST: Python 3.12 and 3.13
        for previous, each in zip(before, instructions, strict=False)
        if each.opname in ("RETURN_VALUE", "RETURN_CONST")
    ]
    return bool(values) and all(
        each is not None and each.opname in ("LOAD_CONST", "RETURN_CONST") and each.argval is None for each in values
    )
