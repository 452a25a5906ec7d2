"""`Book`: the tally, in a file that all exporters of a data folder share."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from pulp_events.errors import EventsError
from pulp_events.outbox.activity import HOUR, floor
from pulp_events.outbox.states import DAY
from pulp_events.system.file_lock import locked
from pulp_events.system.logs import get_logger
from pulp_events_prometheus.files import folder_of, prepare, replace_file
from pulp_events_prometheus.tally import Member, Tally
from pulp_events_prometheus.words import Counts

NAME = "counted.json"
_TRIES = 5

Ask = Callable[[float, float | None], Mapping[str, Counts]]
"""What was counted from a moment on and before another one (None: now), by listener id."""

_logger = get_logger(__name__)


class Book:
    """Counters since metrics were first asked for, which go on after a restart, in whichever process.

    The file is written when a day is over and when a listener comes or goes. Where that is not possible, they are kept
    in memory, and begin again with the process.
    """

    def __init__(self, data_folder: Path, now: Callable[[], float]) -> None:
        """`now`: seconds since the epoch."""
        self._folder = folder_of(data_folder)
        self._path = self._folder / NAME
        self._now = now
        self._shown: Tally | None = None
        self._in_memory: Tally | None = None
        self._lock = threading.Lock()

    def sums(self, wanted: Mapping[str, Member], ask: Ask) -> Tally:
        """All that was counted. `wanted`: the listeners that there are, by id. Raises what `ask` raises."""
        with self._lock:
            for _ in range(_TRIES):
                text, kept = self._read()
                tally = kept.copy() if kept is not None else Tally(floor(self._now(), DAY))
                live = ask(tally.through, None)
                changed = tally.settle(wanted, live) or kept is None
                # What was recorded shortly before midnight may be stored a moment later.
                if (over := floor(self._now() - HOUR, DAY)) > tally.through:
                    tally.advance(over, ask(tally.through, over))
                    live, changed = ask(over, None), True
                sums = tally.sums(live)
                if self._shown is not None:
                    changed |= tally.raise_to(self._shown, sums)
                if not changed or self._write(text, tally):
                    break
            self._shown = sums
            return sums

    def _read(self) -> tuple[str | None, Tally | None]:
        if self._in_memory is not None:
            return None, self._in_memory
        try:
            text = self._path.read_text("utf-8")
        except FileNotFoundError:
            return None, None
        except OSError as error:
            self._give_up(error)
            return None, None
        try:
            return text, Tally.of_json(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError):
            _logger.error("%s is damaged; metrics are counted from 0 again", self._path)
            return text, None

    def _write(self, before: str | None, tally: Tally) -> bool:
        """False if somebody else wrote it meanwhile."""
        if self._in_memory is not None:
            self._in_memory = tally
            return True
        try:
            prepare(self._folder)
            with locked(self._folder / "lock"):
                found = self._path.read_text("utf-8") if self._path.exists() else None
                if found != before:
                    return False
                replace_file(self._path, json.dumps(tally.to_json(), sort_keys=True) + "\n")
        except (OSError, EventsError) as error:
            self._give_up(error)
            self._in_memory = tally
        return True

    def _give_up(self, error: Exception) -> None:
        _logger.warning("%s cannot be used, so counters begin at 0 with this process: %s", self._path, error)
