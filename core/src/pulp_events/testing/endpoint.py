"""`Endpoint`: the place that a notifier under test delivers to, as `NotifierContract` sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pulp_events.testing.fault_proxy import FaultProxy


@dataclass(frozen=True)
class Arrival:
    """Something that arrived at the endpoint."""

    text: str
    """All of it, or at least the report or whatever the notifier made from the event."""

    delivery_id: str | None = None
    """The delivery's id, where the notifier sends it along."""

    target: str | None = None
    """The label of the target that it arrived at, where the endpoint can tell several apart."""


class Endpoint(Protocol):
    """What a contract test needs to know and do. Only `config`, `proxy` and `arrived` are required.

    An endpoint that can answer with errors has further methods; claims that need a missing one are skipped.
    """

    config: Mapping[str, Any]
    """A listener's configuration that leads here, through the proxy."""

    proxy: FaultProxy | None
    """None for a notifier that makes no connection: it writes a file, or runs a program."""

    def arrived(self) -> list[Arrival]:
        """Everything that has arrived so far."""

    # settings: Mapping[str, Mapping[str, object]]   sections of server.conf that the notifier needs; short time limits
    # def fail(self) -> None                         the next answer is an error that may pass (503, 451, …)
    # def fail_for(self, mark: str) -> None           … only to what has this text in it; for notifiers with batches
    # def recover(self) -> None                      … and from now on it works again, if `fail` does not end by itself
    # def reject(self) -> None                       the next answer is an error of one event for good (400, 550, …)
    # def refuse_credentials(self) -> None           the configuration's credentials are wrong from now on
    # def restart(self) -> None                      its server is killed, and started again at the same address
    # def hang(self) -> None                         from now on it takes seconds to answer; where there is no proxy
    # sink: HttpSink                                 its HTTP server, for claims about the answers of one
    # other: Endpoint                                another one, or the same with other credentials
    # secrets: Sequence[str]                         values in `config` and `settings` that must never be seen
