"""Puts a function around a method of pulpcore, whether it is a coroutine function or not."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async

Around = Callable[..., Any]
"""Called with the original as a bound function, the object, and the arguments; returns what the method is to return."""

_MARK = "_pulp_events_wrapped"


def wrap(cls: type, name: str, around: Around) -> None:
    """Make `cls.name(*args)` call `around(original, self, *args)`; `cls.aname` too, where this pulpcore has it.

    A method that is not there is passed over: the system check tells of it. One that is wrapped already stays.
    """
    for each in (name, f"a{name}"):
        original = getattr(cls, each, None)
        # Django's own asave and adelete call save and delete, in a thread.
        if original is None or hasattr(original, _MARK) or (each != name and each not in cls.__dict__):
            continue
        made = _coroutine(original, around) if inspect.iscoroutinefunction(original) else _plain(original, around)
        setattr(made, _MARK, True)
        setattr(cls, each, made)


def _plain(original: Callable[..., Any], around: Around) -> Callable[..., Any]:
    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return around(functools.partial(original, self), self, *args, **kwargs)

    return method


def _coroutine(original: Callable[..., Any], around: Around) -> Callable[..., Any]:
    """A transaction of Django belongs to a thread, so all of it runs in the one that Django's async methods use."""

    @functools.wraps(original)
    async def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        inner = async_to_sync(functools.partial(original, self))
        return await sync_to_async(around)(inner, self, *args, **kwargs)

    return method
