"""Forks: what holds a file or a lock puts it down before one, and takes it up again after.

SQLite forbids to carry a connection over a fork, even unused: the child would believe that it holds the parent's file
locks (https://www.sqlite.org/howtocorrupt.html §2.6). So connections are closed before, and opened when next needed.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Participant(Protocol):
    """Something that must know of forks."""

    def before_fork(self) -> None:
        """Wait for a quiet moment and keep it."""

    def after_fork(self, in_child: bool) -> None:
        """Go on, in the parent and in the child."""


_participants: weakref.WeakSet[Participant] = weakref.WeakSet()
_stopped: list[Participant] = []


def take_part(participant: Participant) -> None:
    """Tell the participant of every fork, for as long as it lives."""
    _participants.add(participant)


def _before() -> None:
    for participant in list(_participants):
        participant.before_fork()
        _stopped.append(participant)


def _after(in_child: bool) -> None:
    while _stopped:
        _stopped.pop().after_fork(in_child)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=lambda: _after(False), after_in_child=lambda: _after(True))
