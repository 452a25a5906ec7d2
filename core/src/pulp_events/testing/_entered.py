"""`entered`: `contextlib.contextmanager` for helpers of tests, which says so where `with` was forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["entered"]

if TYPE_CHECKING:
    from contextlib import contextmanager as entered
else:
    from contextlib import _GeneratorContextManager
    from functools import wraps

    class _Block(_GeneratorContextManager):
        def __getattr__(self, name):
            if name.startswith("_"):
                raise AttributeError(name)
            called = self.func.__name__
            raise AttributeError(
                f"{called}(…) has no {name}: it is a context manager; write `with {called}(…) as it:`, then it.{name}"
            )

    def entered(function):
        """The function as one that returns a context manager."""

        @wraps(function)
        def made(*given, **named):
            return _Block(function, given, named)

        return made
