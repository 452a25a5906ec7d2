"""The one connection to a broker that all amqp listeners of a process share.

Each channel has a link (and a session) of its own on it. It is opened for the first channel, closed after the last one,
and replaced when it is lost, worn out or suspected of being dead.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulp_events import TransientFailure
from pulp_events.errors import DeliveryFailure, TimedOut
from pulp_events_amqp.address import parse_urls
from pulp_events_amqp.backoff import Backoff
from pulp_events_amqp.connecting import open_engine
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.unusable import Unusable

_TRIES = 4
"""How often we try at least to come back within `timeout`: nobody fails without a try."""


class SharedConnection:
    """To one of the brokers in `[messaging] url`. Any thread may call any method."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.addresses = parse_urls(settings["url"])
        self._settings = settings
        self._timeout = float(settings["timeout"])
        self._changed = threading.Condition()  # guards what follows
        self._engine: Engine | None = None
        self._users: Counter[Engine] = Counter()
        self._connecting = False
        self._preferred = 0  # index of the broker that was reached last
        self._backoff = Backoff(longest=self._timeout / _TRIES)
        self._failure: DeliveryFailure | None = None
        self._was_up = False

    @property
    def opening_limit(self) -> float:
        """Seconds that opening may take: `timeout` for each broker of the list."""
        return self._timeout * len(self.addresses)

    @property
    def unused(self) -> bool:
        """True if no channel is on a connection, nor waits for one."""
        with self._changed:
            return not self._users and not self._connecting

    def take(self, deadline: float) -> Engine:
        """The connection; `give_back` it. `deadline`: of time.monotonic().

        A first connection that fails is a failure at once. One that is to replace a lost one is tried for, with
        backoff, as long as `deadline` permits: a broker that restarts costs no attempt of a delivery. Raises
        TransientFailure, TimedOut when it is for time; Unusable for a broker that does not let us in.
        """
        while True:
            with self._changed:
                if self._engine is not None and self._engine.lost is None and not self._engine.sessions.worn_out:
                    self._users[self._engine] += 1
                    return self._engine
                now = time.monotonic()
                if self._connecting:
                    if not self._changed.wait(deadline - now):
                        raise TimedOut(f"{self._names()} did not answer in time (opening the connection)")
                    continue
                pause = self._backoff.remaining(now)
                if pause and self._was_up:
                    if now >= deadline and self._failure is not None:
                        raise self._failure
                    self._changed.wait(min(pause, max(0.0, deadline - now)))
                    continue
                self._connecting = True
            self._replace(deadline)

    def give_back(self, engine: Engine) -> None:
        """The caller no longer uses the connection."""
        with self._changed:
            self._users[engine] -= 1
            unused = self._users[engine] <= 0
            if unused:
                del self._users[engine]
                if self._engine is engine:
                    self._engine = None
        if unused:
            engine.close()

    def suspect(self, engine: Engine, since: float) -> None:
        """The broker left something unanswered: if it has said nothing at all since then, nobody new uses it."""
        with self._changed:
            if self._engine is engine and engine.heard < since:
                self._engine = None

    def _replace(self, deadline: float) -> None:
        """Connect, and store connection or failure; the caller has set `_connecting`."""
        engine: Engine | None = None
        failure: DeliveryFailure | None = None
        try:
            engine = self._connect(deadline)
        except DeliveryFailure as error:
            failure = error
        finally:
            with self._changed:
                self._connecting = False
                self._changed.notify_all()
                self._engine, self._failure = engine, failure
                if engine is not None:
                    self._was_up = True
                    self._backoff.succeeded()
                else:
                    self._backoff.failed(time.monotonic())
                first = not self._was_up
        if failure is not None and (first or isinstance(failure, Unusable) or time.monotonic() >= deadline):
            raise failure

    def _connect(self, deadline: float) -> Engine:
        """To the first broker that lets us in, beginning with the one that did so last."""
        failures: list[DeliveryFailure] = []
        for offset in range(len(self.addresses)):
            index = (self._preferred + offset) % len(self.addresses)
            try:
                engine = open_engine(
                    self.addresses[index], self._settings, min(deadline, time.monotonic() + self._timeout)
                )
            except DeliveryFailure as failure:
                failures.append(failure)
            else:
                self._preferred = index
                return engine
        if len(failures) == 1:
            raise failures[0]
        kind = Unusable if all(isinstance(failure, Unusable) for failure in failures) else TransientFailure
        raise kind(f"none of {len(failures)} brokers can be used: {'; '.join(map(str, failures))}")

    def _names(self) -> str:
        return " or ".join(map(str, self.addresses))


class Connections:
    """The shared connections of a process, by the settings that they are made with, and what is in the files they name.

    A file that has changed makes another connection: a channel that is opened for its sake must not find itself on the
    one that was made with the old certificate.
    """

    _KEYS = (
        "url",
        "username",
        "password",
        "timeout",
        "heartbeat",
        "cacert",
        "clientcert",
        "clientkey",
        "allow_insecure_plain",
    )

    _FILES = ("cacert", "clientcert", "clientkey")

    def __init__(self) -> None:
        self._process = 0
        self._forget()

    def to(self, settings: Mapping[str, Any]) -> SharedConnection:
        """The one for `[messaging]` settings."""
        if self._process != os.getpid():  # a forked child must not touch its parent's
            self._forget()
        key = (*(settings[name] for name in self._KEYS), *(content(settings[name]) for name in self._FILES))
        with self._lock:
            if key not in self._shared:
                self._shared = {other: shared for other, shared in self._shared.items() if not shared.unused}
                self._shared[key] = SharedConnection(settings)
            return self._shared[key]

    def _forget(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._shared: dict[tuple[Any, ...], SharedConnection] = {}


def content(path: str) -> bytes | None:
    """A digest of what is in a file; None if there is none, or it cannot be read (which connecting will tell)."""
    if not path:
        return None
    try:
        return hashlib.sha256(Path(path).read_bytes()).digest()
    except OSError:
        return None


CONNECTIONS = Connections()
"""Those of this process."""
