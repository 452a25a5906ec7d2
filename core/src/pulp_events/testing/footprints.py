"""What code leaves where others can read it while it runs: command lines, threads' names, files that it writes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

MOST_BYTES = 1 << 20
"""How much is read of a file."""
_NO_FILES = ("/proc/", "/sys/")
_watching: list[Footprints] = []
_hooked = False


class Footprints:
    """A context manager; `texts()`: what the block left, of all threads of this process: where, and the text.

    Programs and files are what Python's audit events tell of (docs.python.org, "Audit events table"). `ps` shows
    arguments to everybody on the machine, and the environment to nobody else.
    """

    def __init__(self) -> None:
        self._commands: list[str] = []
        self._files: set[str] = set()
        self._threads: list[threading.Thread] = []
        self._before: set[threading.Thread] = set()

    def __enter__(self) -> Footprints:
        _hook()
        self._before = set(threading.enumerate())
        self._start = threading.Thread.start
        footprints, start = self, self._start

        def noted(self: threading.Thread) -> None:
            footprints._threads.append(self)
            start(self)

        threading.Thread.start = noted  # type: ignore[method-assign]
        _watching.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _watching.remove(self)
        threading.Thread.start = self._start  # type: ignore[method-assign]
        self._threads += set(threading.enumerate()) - self._before

    def texts(self) -> Iterator[tuple[str, str]]:
        """To be asked for after the block."""
        yield from (("the arguments of a program, which ps shows", command) for command in self._commands)
        yield from (("the name of a thread", thread.name) for thread in self._threads)
        for name in sorted(self._files):
            if not name.startswith(_NO_FILES) and (text := _read(name)) is not None:
                yield f"the file {Path(name).name!r} that is left behind", text

    def hear(self, event: str, given: tuple[Any, ...]) -> None:
        """An audit event."""
        match event, given:
            case "subprocess.Popen", (program, arguments, *_):
                self._commands.append(_joined([program, *_listed(arguments)]))
            case "os.exec" | "os.posix_spawn", (program, arguments, *_):
                self._commands.append(_joined([program, *_listed(arguments)]))
            case "os.spawn", (_, program, arguments, *_):
                self._commands.append(_joined([program, *_listed(arguments)]))
            case "os.system", (command, *_):
                self._commands.append(_joined([command]))
            case "open", (path, _, flags) if _writes(flags):
                self._note(path)
            case "os.rename" | "os.link" | "os.symlink", (_, path, *_):
                self._note(path)

    def _note(self, path: Any) -> None:
        if isinstance(path, str | bytes | os.PathLike):
            self._files.add(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100  # it may be gone, or a link


def _hook() -> None:
    """Once for the process, as Python can remove no audit hook; it costs next to nothing while nobody watches."""
    global _hooked
    if not _hooked:
        _hooked = True
        sys.addaudithook(_hear)


def _hear(event: str, given: tuple[Any, ...]) -> None:
    for each in _watching:
        each.hear(event, given)


def _writes(flags: Any) -> bool:
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


def _listed(arguments: Any) -> list[Any]:
    return [arguments] if isinstance(arguments, str | bytes | os.PathLike) else list(arguments or ())


def _joined(words: Iterable[Any]) -> str:
    return " ".join(os.fsdecode(word) for word in words if isinstance(word, str | bytes | os.PathLike))


def _read(name: str) -> str | None:
    """The beginning of a file; None where there is none, or it is no file."""
    try:
        if not Path(name).is_file():
            return None
        with Path(name).open("rb") as file:
            return file.read(MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
