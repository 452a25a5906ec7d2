"""What belongs to the whole process, as it is now: a plugin leaves it as it was. Imports nothing of the framework."""

from __future__ import annotations

import faulthandler
import gc
import locale
import logging
import os
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pulp_events.testing.random_course import RandomCourse

REMEDIES: Mapping[str, str] = {
    "socket.setdefaulttimeout": "give each socket, or each call of a library, its own timeout",
    "logging": "log with logging.getLogger(__name__): the application configures the rest, and logging.info() and "
    "its like do so too, where nobody has",
    "signal": "leave signals to the application",
    "os.chdir": "use absolute paths",
    "os.umask": "give each file its mode with os.open or os.chmod",
    "os.environ": "pass the value as an argument",
    "locale.setlocale": "format without the locale",
    "sys.path": "leave it to whoever installs packages",
    "ssl": "give each connection, or each call of a library, its own context",
    "asyncio": "leave event loops to the application",
    "gc": "leave the interpreter to the application",
    "sys": "leave the interpreter to the application",
    "threading": "leave the interpreter to the application",
    "socket": "give the library a connection or a resolver of your own",
    "warnings": "leave to the application what is shown; around a single call, use warnings.catch_warnings()",
    "random": "use a random.Random of your own",
    "resource": "leave limits to whoever starts the process, or set them in a child process",
    "os.nice": "leave priorities to whoever starts the process",
    "time.tzset": "convert times with zoneinfo",
    "faulthandler": "leave the interpreter to the application",
}
"""What was changed, by the beginning of its name → what to do instead."""

BY_LIBRARIES: Sequence[str] = ("warnings.filters",)
"""What a library may change when it is imported, as many do for warnings of their own."""


_COURSE = RandomCourse()


def state() -> dict[str, str]:
    """Each thing that belongs to the process → how it is, as text; values of variables are not in it."""
    return dict(_state())


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """What is different now, each with what to do instead."""
    found = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, "not set"), after.get(name, "not set")
        if old != new:
            remedy = next((REMEDIES[each] for each in REMEDIES if name.startswith(each)), "leave it as it was")
            how = "" if name.startswith("os.environ") else f": {old} before, {new} after"
            found.append(f"{name}{how}; {remedy}")
    return found


def _state() -> Iterator[tuple[str, str]]:
    yield "socket.setdefaulttimeout", str(socket.getdefaulttimeout())
    yield "socket.socket", repr(socket.socket)
    yield "socket.getaddrinfo", repr(socket.getaddrinfo)
    yield "os.chdir", _folder()
    yield "os.umask", oct(_umask())
    yield "locale.setlocale", locale.setlocale(locale.LC_ALL)
    yield "gc.isenabled", str(gc.isenabled())
    yield "gc.set_threshold", str(gc.get_threshold())
    yield "threading.excepthook", repr(threading.excepthook)
    yield "threading.stack_size", str(threading.stack_size())
    yield "random.seed", f"called {_COURSE.look()} times"
    yield "time.tzset", str(time.tzname)
    yield "warnings.showwarning", repr(warnings.showwarning)
    yield "warnings.filters", _filters()
    yield "faulthandler.enable", str(faulthandler.is_enabled())
    yield from _interpreter()
    yield from _limits()
    for name, value in os.environ.items():
        yield f"os.environ[{name!r}]", f"a value ({hash(value)})"
    yield from _signals()
    yield from _logging()
    yield from _of_imported()


def _of_imported() -> Iterator[tuple[str, str]]:
    """What is as it should be until its module is imported."""
    ssl = sys.modules.get("ssl")
    made = ssl is None or ssl._create_default_https_context is ssl.create_default_context
    yield "ssl._create_default_https_context", "create_default_context" if made else "another"
    asyncio = sys.modules.get("asyncio")
    policy = getattr(getattr(asyncio, "events", None), "_event_loop_policy", None)
    usual = policy is None or type(policy) is getattr(asyncio, "DefaultEventLoopPolicy", None)
    yield "asyncio.set_event_loop_policy", "the default one" if usual else type(policy).__name__


def _interpreter() -> Iterator[tuple[str, str]]:
    for name in ("excepthook", "unraisablehook", "displayhook", "stdout", "stderr"):
        yield f"sys.{name}", repr(getattr(sys, name))
    for name in ("recursionlimit", "switchinterval", "_int_max_str_digits"):
        yield f"sys.set{name}", str(getattr(sys, f"get{name}")())
    yield "sys.path", os.pathsep.join(sys.path)


def _limits() -> Iterator[tuple[str, str]]:
    """What a POSIX system lets the process use."""
    with suppress(ImportError):
        import resource

        for name in (each for each in vars(resource) if each.startswith("RLIMIT_")):
            yield f"resource.setrlimit({name})", str(resource.getrlimit(getattr(resource, name)))
    if hasattr(os, "getpriority"):
        yield "os.nice", str(os.getpriority(os.PRIO_PROCESS, 0))


def _filters() -> str:
    """The first are asked first."""
    return ", ".join(
        f"{action} {getattr(category, '__name__', category)}" for action, _, category, *_ in warnings.filters
    )


def _folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "removed"


def _umask() -> int:
    found = os.umask(0o077)
    os.umask(found)
    return found


def _signals() -> Iterator[tuple[str, str]]:
    for number in sorted(signal.valid_signals()):
        name = number.name if isinstance(number, signal.Signals) else str(number)
        yield f"signal.signal({name})", repr(signal.getsignal(number))


def _logging() -> Iterator[tuple[str, str]]:
    root = logging.getLogger()
    yield "logging.disable", str(root.manager.disable)
    yield "logging.raiseExceptions", str(logging.raiseExceptions)
    yield "logging.setLoggerClass", repr(logging.getLoggerClass())
    yield "logging.setLogRecordFactory", repr(logging.getLogRecordFactory())
    yield "logging, root logger: level", logging.getLevelName(root.level)
    yield "logging, root logger: handlers", _types(root.handlers)
    yield "logging, root logger: filters", _types(root.filters)
    yield "logging.lastResort", repr(logging.lastResort)


def _types(given: Iterable[object]) -> str:
    return ", ".join(type(each).__name__ for each in given) or "none"
