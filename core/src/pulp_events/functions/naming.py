"""What is asked of a function that is to be a listener: a name that stays the same, and parameters for an event."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from pulp_events.errors import InvalidConfig
from pulp_events.plugins.boundary import shown

LONGEST_NAME = 200
"""Characters."""


def check_name(name: object) -> str:
    """The name that was given; InvalidConfig if it cannot be one."""
    if not isinstance(name, str) or not name or len(name) > LONGEST_NAME or not name.isprintable() or name.isspace():
        raise InvalidConfig(f"name={shown(name)} cannot name a function; give 1 to {LONGEST_NAME} printable characters")
    return name


def stable_name(function: Any) -> str:
    """`module:qualname`; InvalidConfig where that may be another function's, or another one, in the next process."""
    module, qualname = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if module == "__main__":
        # `python -m myapp.events` is that module to everybody else; a script has no name that others could import.
        spec = getattr(sys.modules["__main__"], "__spec__", None)
        module = None if spec is None else spec.name
    why = ""
    if not isinstance(qualname, str):
        why = f"an object of type {type(function).__name__} has no name of its own"
    elif "<lambda>" in qualname:
        why = "a lambda has no name"
    elif "<" in qualname:
        why = "it is defined inside another function, which may define it more than once"
    elif not isinstance(module, str):
        why = "it is defined in a script, which other processes cannot import"
    if why:
        raise InvalidConfig(
            f"{described(function)} needs a name that stays the same in every process ({why}); give it one: "
            "on(…, name='…')"
        )
    return check_name(f"{module}:{qualname}")


def takes_delivery(function: Callable[..., object]) -> bool:
    """True if it is to be called with event and delivery, False if with the event alone; InvalidConfig if neither fits.

    What it requires decides: a parameter that has a default is the application's own.
    """
    _refuse_what_is_no_function(function)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # of some that are written in C nothing is known
        return False
    places = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    required = [each for each in places if each.default is each.empty]
    by_keyword = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY and each.default is each.empty]
    if inspect.isfunction(function) and places and places[0].name in ("self", "cls"):
        raise InvalidConfig(
            f"{described(function)} is a method of a class, and nobody knows of which object; pass the method of an "
            "object: bus.on('…', name='…')(object.method)"
        )
    takes_none = not places and all(each.kind is not each.VAR_POSITIONAL for each in parameters)
    if takes_none or len(required) > 2 or by_keyword:
        raise InvalidConfig(
            f"{described(function)} takes {inspect.signature(function)}; it is called with (event), or with "
            "(event, delivery) if it requires two"
        )
    return len(required) == 2


def described(function: object) -> str:
    """The function in an error."""
    name = getattr(function, "__qualname__", None)
    if not isinstance(name, str):
        return shown(function)
    code = getattr(function, "__code__", None)
    line = f", line {code.co_firstlineno}" if code is not None else ""
    return f"{name}() in {getattr(function, '__module__', None)}{line}"


def _refuse_what_is_no_function(function: object) -> None:
    if not callable(function) or inspect.isclass(function):
        raise InvalidConfig(f"{shown(function)} is not a function; on('repo.#') decorates functions")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise InvalidConfig(
            f"{described(function)} is a generator: a call would run none of it; write it without yield"
        )
