"""Which processes are at work on an outbox: what each tells of itself now and then, and what the store says of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pulp_events.system.clock import from_timestamp

INTERVAL = 20.0
"""Seconds between two beats of a process, about: they are spread, so that many do not come at once."""
SILENT = 90.0
"""Seconds without a beat after which a process counts as gone: four beats, and some patience with a busy machine."""
KEEP = 86400.0
"""Seconds for which one that is gone is remembered, so that it can be told since when there is none."""
MOST_GONE = 50
"""Of those that are gone, how many are remembered at most: a service that dies at every start leaves many."""


class Kind(StrEnum):
    """What a process is there for."""

    WORKER = "worker"
    """Nothing but deliveries: `pulp-admin event worker`, or the process of `deliver="process"`."""
    APPLICATION = "application"
    """It opened an event bus for purposes of its own."""


@dataclass(frozen=True, slots=True)
class Beat:
    """What a process tells of itself; see `Presence`."""

    id: str
    """Random, chosen when it began: process ids are used again. 16 hex digits."""
    host: str
    pid: int
    kind: Kind
    delivers: bool
    uptime: float
    """Seconds since it began to work on this outbox, by its own clock."""
    version: str
    python: str
    plugins: Mapping[str, str] = field(default_factory=dict)
    notifier_types: Sequence[str] = ()
    in_flight: int = 0

    def about(self) -> str:
        """What seldom changes, as a store may keep it."""
        told = asdict(self)
        for changing in ("id", "uptime", "in_flight"):
            del told[changing]
        return json.dumps(told)


@dataclass(frozen=True, slots=True)
class Presence:
    """A process that is at work on the outbox, or was when it was last seen. Times are by the store's clock."""

    id: str
    host: str
    pid: int
    """On that host, or in the container of that name."""
    kind: Kind
    delivers: bool
    """False for one that only emits."""
    started: datetime
    """When it began to work on this outbox."""
    last_seen: datetime
    silent: float
    """Seconds since it was last seen."""
    gone: bool
    """It ended without saying so, as one that is killed, or was silent for longer than `SILENT` seconds."""
    version: str
    """Of pulp-events."""
    python: str
    plugins: Mapping[str, str] = field(default_factory=dict)
    """Its plugins that work → version of their package; empty for one that no package brought."""
    notifier_types: Sequence[str] = ()
    """What it can deliver with."""
    in_flight: int = 0
    """Deliveries that it held when it was last seen."""


def presence(id: str, about: str, times: tuple[float, float, float], in_flight: int, dead: bool = False) -> Presence:
    """What a store makes of what it kept. `times`: begun and last seen, in seconds since the epoch, and seconds since.

    What an older or newer release told is taken as far as it goes. Raises ValueError, KeyError or TypeError for what no
    release of ours wrote.
    """
    told = json.loads(about)
    started, seen, silent = times
    silent = max(0.0, silent)
    return Presence(
        id=id,
        host=str(told["host"]),
        pid=int(told["pid"]),
        kind=Kind.WORKER if told["kind"] == Kind.WORKER else Kind.APPLICATION,
        delivers=bool(told["delivers"]),
        started=from_timestamp(started),
        last_seen=from_timestamp(seen),
        silent=silent,
        gone=dead or silent > SILENT,
        version=str(told["version"]),
        python=str(told["python"]),
        plugins=_texts(told.get("plugins", {})),
        notifier_types=[str(each) for each in told.get("notifier_types", ())],
        in_flight=in_flight,
    )


def in_order(found: Iterable[Presence]) -> list[Presence]:
    """Those that deliver first, then by host and age; those that are gone last, the latest of them first."""
    return sorted(
        found,
        key=lambda one: (one.gone, one.silent if one.gone else 0.0, not one.delivers, one.host, one.started, one.id),
    )


def outdated(found: Sequence[Presence]) -> list[Presence]:
    """Those, of all that `in_order` put into order, that are not to be remembered any longer."""
    gone = [one for one in found if one.gone]
    return [one for number, one in enumerate(gone) if number >= MOST_GONE or one.silent > KEEP]


def _texts(told: Any) -> dict[str, str]:
    return {str(name): str(text) for name, text in dict(told).items()}
