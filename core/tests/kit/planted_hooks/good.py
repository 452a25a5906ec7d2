"""Observers and enrichers without a fault, and how a fault is marked.

`file` is where an observer keeps what it notes; that it is a folder is what nothing here can work with.
"""

import logging
import threading
from collections import deque
from dataclasses import replace
from pathlib import Path

from pulp_events import hookimpl

logger = logging.getLogger("planted_hooks")
HERE = threading.Lock()


class GoodObserver:
    """Notes a line for each thing in a file."""

    file: Path

    def note(self, text):
        with HERE, self.file.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    @hookimpl
    def pulp_event_emitted(self, event, listeners):
        return self.emitted(event, listeners)

    def emitted(self, event, listeners):
        self.note(f"emitted {event.id} for {len(listeners)}")

    @hookimpl
    def pulp_events_counted(self, event_types):
        self.counted(event_types)

    def counted(self, event_types):
        self.note(f"counted {sum(event_types.values())}")

    @hookimpl
    def pulp_delivery_attempted(self, delivery, attempt):
        self.attempted(delivery, attempt)

    def attempted(self, delivery, attempt):
        self.note(f"attempted {delivery.id}: {attempt.outcome}")

    @hookimpl
    def pulp_listener_changed(self, before, after, by, settings):
        self.changed(before, after, settings)

    def changed(self, before, after, settings):
        self.note(f"changed {(after or before).id}")


class HandlesItsFailures(GoodObserver):
    def note(self, text):
        try:
            super().note(text)
        except OSError as error:
            logger.warning("cannot note what happens: %s", error)


class GoodEnricher:
    """Adds the host."""

    @hookimpl
    def pulp_before_emit(self, event):
        return self.enriched(event)

    def enriched(self, event):
        return self.adding(event, host=self.host())

    def adding(self, event, **values):
        return replace(event, payload={**values, **event.payload})

    def host(self):
        if hasattr(self, "file") and self.file.is_dir():
            raise OSError("the name of the host cannot be read")
        return "pulp1"


class RemembersALittle(GoodEnricher):
    """The ids of the last 100 events."""

    def __init__(self):
        self.last = deque(maxlen=100)

    def enriched(self, event):
        self.last.append(event.id)
        return super().enriched(event)


GOOD = [GoodObserver, HandlesItsFailures, GoodEnricher, RemembersALittle]


def fault(*claims):
    """Marks a plugin with a fault: which claims must catch it."""

    def mark(plugin):
        plugin.claims = claims
        return plugin

    return mark
