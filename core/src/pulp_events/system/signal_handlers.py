"""`raised_in_handler`: whose exception it is that came out of somebody's code.

A signal handler runs in the main thread, between any two steps of whatever that does. What it raises, as Celery's does
at a time limit, comes out of a schema, filter or plugin that was merely running: it is for whoever called us.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # as in `guard`: `signal` takes longer to import
import threading
from types import CodeType, FrameType


def raised_in_handler(error: BaseException) -> bool:
    """True if it comes from a function that handles a signal now."""
    if threading.current_thread() is not threading.main_thread():
        return False
    handling = {_code(_signal.getsignal(number)) for number in _signal.valid_signals()} - {None}
    at = error.__traceback__ if handling else None
    while at is not None:
        if at.tb_frame.f_code in handling and _was_given_its_caller(at.tb_frame):
            return True
        at = at.tb_next
    return False


def _was_given_its_caller(frame: FrameType) -> bool:
    """As the interpreter calls a handler, with the frame that it interrupts; a decorator's function may also be around
    what is no handler."""
    back = frame.f_back
    given = frame.f_locals.values()
    return any(each is back or (isinstance(each, tuple) and any(one is back for one in each)) for each in given)


def _code(handler: object) -> CodeType | None:
    """What a handler in Python executes: a function, a method, a partial of one, or an object that can be called."""
    handler = getattr(handler, "func", handler)
    handler = getattr(handler, "__func__", handler)
    if not hasattr(handler, "__code__") and callable(handler):
        handler = getattr(type(handler).__call__, "__func__", type(handler).__call__)
    code = getattr(handler, "__code__", None)
    return code if isinstance(code, CodeType) else None
