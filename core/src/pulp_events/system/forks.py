"""Forks: what holds a file or a lock puts it down before one, and takes it up again after.

SQLite forbids carrying a connection across a fork, even unused: the child would believe that it holds the parent's file
locks (https://www.sqlite.org/howtocorrupt.html §2.6). So connections are closed before, and opened when next needed.
Imports of other threads are waited for, see `import_locks`.

A fork that is not Python's own (uWSGI without `lazy-apps`, a C library that calls fork(2)) tells nobody before. It is
noticed by the process id, by whatever is used first in the child: see `notice`.
"""

from __future__ import annotations

import contextlib
import os
import sys
import weakref
from typing import Protocol

from pulp_events.system import import_locks


class Participant(Protocol):
    """Something that must know of forks. It may have `after_foreign_fork()` too, see `notice`."""

    def before_fork(self) -> None:
        """Wait for a quiet moment and keep it."""

    def after_fork(self, in_child: bool) -> None:
        """Go on, in the parent and in the child."""


_participants: weakref.WeakSet[Participant] = weakref.WeakSet()
_stopped: list[Participant] = []
_announced = False
_before_logging = True
_pid = os.getpid()


def take_part(participant: Participant) -> None:
    """Tell the participant of every fork, for as long as it lives."""
    _participants.add(participant)
    if not _before_logging and "logging" in sys.modules:
        _register()


def notice() -> None:
    """Tell the participants of a fork that happened behind the interpreter's back.

    To be called before whatever a child must not share with its parent. Nobody was asked to wait for a quiet moment,
    so a lock may be held by a thread that the child does not have: `after_foreign_fork()` replaces locks, and is what
    a participant has in place of `before_fork` and `after_fork(True)`, unless the latter alone will do.
    """
    if os.getpid() != _pid:
        _after_foreign_fork()


def _after_foreign_fork() -> None:
    global _pid
    _pid = os.getpid()
    for participant in list(_participants):
        after = getattr(participant, "after_foreign_fork", None)
        if after is None:
            # What it would release, it did not hold; that must not keep the others from being told.
            with contextlib.suppress(RuntimeError):
                participant.after_fork(True)
        else:
            after()


def _before() -> None:
    global _announced
    if _announced:
        return  # registered twice
    for participant in list(_participants):
        participant.before_fork()
        _stopped.append(participant)
    # The last: others may import until they stand still.
    import_locks.wait_and_hold()
    _announced = True


def _after(in_child: bool) -> None:
    global _pid, _announced
    if _announced:
        _announced = False
        import_locks.let_go()
    # The interpreter calls this in the child also where somebody else forked and told it afterwards, as uWSGI does
    # with threads enabled: then nobody was stopped before.
    if in_child and not _stopped:
        notice()
    _pid = os.getpid()
    while _stopped:
        _stopped.pop().after_fork(in_child)


def _register() -> None:
    """Ask the interpreter to tell of forks; once more as soon as `logging` is there.

    What is registered last is called first before a fork. `logging` registers itself when it is imported, and then
    holds its lock, which an import that is waited for may need. So this has to come first; importing `logging` for that
    would cost the start of each command.
    """
    global _before_logging
    if hasattr(os, "register_at_fork"):
        _before_logging = "logging" in sys.modules
        os.register_at_fork(before=_before, after_in_parent=lambda: _after(False), after_in_child=lambda: _after(True))


_register()
