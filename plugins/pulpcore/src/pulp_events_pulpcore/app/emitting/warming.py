"""A worker opens the bus before it forks, so that the child of each task need not."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import Any

from django.db.models.signals import post_save
from pulpcore.app import models

from pulp_events_pulpcore.app.emitting import publications, voice
from pulp_events_pulpcore.app.emitting.wrapping import wrap


def install() -> None:
    """See to it that a worker that starts, which is when it says so in the database, is prepared."""
    for name in _APPS:
        if hasattr(models, name):
            post_save.connect(_app_started, sender=getattr(models, name), dispatch_uid=f"pulp_events_warming_{name}")


_APPS = {"AppStatus": None, "Worker": "worker", "ApiAppStatus": "api"}
"""Model → what it is of; None if the row says so. One for each kind was pulpcore's way before `AppStatus`."""


def _app_started(instance: Any, created: bool, **_: Any) -> None:
    app_type = _APPS.get(type(instance).__name__) or getattr(instance, "app_type", None)
    if not created or app_type not in ("worker", "api"):
        return
    if app_type == "worker":
        # Imported by the worker itself; other processes have no use for it.
        module = sys.modules.get("pulpcore.tasking.worker")
        if module is not None:
            wrap(module.PulpcoreWorker, "cancel_abandoned_task", _clean_up)
        _warm_at_forks()
    voice.warm_up()


def _warm_at_forks() -> None:
    """Listeners that changed are read before a task's child is forked, in the process that has them for the next ones,
    too. `subprocess` is no fork of Python's, so it is not slowed down.

    What the worker has in memory, of which the bus is a part, the child's garbage collector leaves alone (`gc.freeze`,
    which Python's documentation recommends before a fork): the first full collection would copy all of it.
    """
    owner = os.getpid()

    def before() -> None:
        if os.getpid() == owner:
            voice.look_again()
            gc.freeze()

    def after() -> None:
        if os.getpid() == owner:
            gc.unfreeze()

    os.register_at_fork(before=before, after_in_parent=after)


def _clean_up(original: Callable[..., Any], worker: Any, task: Any, final_state: str, reason: str | None = None) -> Any:
    """The publications that it deletes are to be told as what the task will be."""
    token = publications.ending.set(publications.Ending(final_state, reason))
    try:
        return original(task, final_state, reason)
    finally:
        publications.ending.reset(token)
