"""`Engine`: one AMQP connection and the thread that runs it.

Proton's objects may be touched by one thread only. This file is where that rule is kept: everything that touches them
runs on the engine's thread, as a *job* (a function) or a *procedure* (a generator that yields a condition and is
resumed once that is true). Other threads hand jobs over with `post` and `perform` and touch none of the objects.

Proton's own Container is not used: it cannot be told how long connecting may take, reconnects behind our back, logs
URLs with their passwords, and its `select` fails in a process with more than 1024 open files.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from proton import Collector, Connection, Delivery, Endpoint, Event, Transport

from pulp_events import TransientFailure
from pulp_events.errors import TimedOut
from pulp_events_amqp.broker import look_at
from pulp_events_amqp.opening import Opening, describe_end, hint, login_refused, refused_by_tls, wants_certificate
from pulp_events_amqp.procedures import Procedure, Running
from pulp_events_amqp.sessions import Sessions
from pulp_events_amqp.wire import Wire, WireClosed

T = TypeVar("T")

_GOODBYE = 0.5
"""Seconds that the broker has to answer our close frame (AMQP 1.0 §2.4.6)."""


class Engine:
    """One connection. `start` it, `perform` procedures on it, `close` it; all three may be called by any thread."""

    def __init__(self, sock: socket.socket, broker: str, opening: Opening) -> None:
        """`sock`: connected and non-blocking, owned from now on; `broker`: its address, for messages."""
        self.broker = broker
        self.lost: str | None = None
        """Why the connection ended; None while there is one."""

        self.login_refused = False
        """True if the broker did not let us in, once `lost` says so."""

        self.wants_certificate = False
        """True if the broker may have hung up for our certificate, once `lost` is set."""

        self.product = ""
        """What the broker calls itself, once it has opened its side; also where it then closed it again."""

        self.end_condition = ""
        """Name of the condition with which the broker closed the connection, if it did."""

        self.connection = Connection()
        self.on_outcome: dict[str, Callable[[Delivery], None]] = {}
        """By delivery tag: what to call with an outgoing delivery that was settled."""
        self.after_events: list[Callable[[], None]] = []
        """Called after each round of events, and once when the connection is lost."""

        self.pumps: list[Callable[[], bool]] = []
        """Called while the socket takes something: hand proton what is to be sent next; True if there was anything."""

        self.tls_version = sock.version() if isinstance(sock, ssl.SSLSocket) else None
        """Such as `TLSv1.3`; None without TLS."""

        self._socket = sock
        self._opening = opening
        self._collector = Collector()
        self._transport = Transport()
        self._wire = Wire(sock, self._transport)
        self.sessions = Sessions(self.connection, self._transport)
        self._lock = threading.Lock()  # guards `lost` together with the acceptance of jobs
        self._jobs: deque[Callable[[], None]] = deque()
        self._procedures: list[Running] = []
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        self._closing: float | None = None  # having said goodbye, wait for the broker's until then
        self._tags = 0
        self._thread = threading.Thread(target=self._run, name=f"amqp {broker}", daemon=True)

    @property
    def heard(self) -> float:
        """When the broker last said something, of time.monotonic()."""
        return self._wire.heard

    # ---- for any thread ---------------------------------------------------------------------------------------------

    def start(self, deadline: float) -> None:
        """Begin the AMQP connection; return when the broker has opened its side. `deadline`: of time.monotonic()."""
        self._thread.start()
        self.perform(self._opened, deadline, "opening the connection")

    def post(self, job: Callable[[], None]) -> None:
        """Have `job` run on the engine's thread soon. Raises TransientFailure when the connection is lost."""
        with self._lock:
            if self.lost is not None:
                raise TransientFailure(self.lost)
            self._jobs.append(job)
        try:
            self._waker.send(b"!")
        except OSError:
            pass  # full: it wakes up anyhow; closed meanwhile: what was posted has been dealt with

    def perform(self, procedure: Callable[[], Procedure[T]], deadline: float, doing: str) -> T:
        """Run a procedure and return its result.

        Raises what the procedure raises; TimedOut, with `doing` in its text, after `deadline`; TransientFailure when
        the connection is lost.
        """
        running = Running(procedure)
        self.post(lambda: self._procedures.append(running))
        try:
            return running.result.result(max(0.0, deadline - time.monotonic()))  # type: ignore[no-any-return]
        except TimeoutError:
            running.result.cancel()
            raise TimedOut(f"{self.broker} did not answer in time ({doing})") from None

    def spawn(self, procedure: Callable[[], Procedure[Any]]) -> None:
        """Run a procedure whose result nobody waits for. Does nothing when the connection is lost."""
        with contextlib.suppress(TransientFailure):
            self.post(lambda: self._procedures.append(Running(procedure)))

    def takes_nothing(self) -> bool:
        """True if there is something to be sent that the broker does not permit us to send, on any session."""
        try:
            return self.perform(self._stuck, time.monotonic() + _GOODBYE, "looking at its sessions")
        except TransientFailure:
            return False

    def close(self) -> None:
        """Say goodbye if the broker still listens, and let go of socket and thread."""
        if self._thread.ident is None:
            self._release("closed")
            return
        try:
            self.post(self._say_goodbye)
        except TransientFailure:
            pass  # lost already
        if self._thread is not threading.current_thread():
            self._thread.join(1.0)

    # ---- on the engine's thread -------------------------------------------------------------------------------------

    def next_tag(self) -> str:
        """A delivery tag, or part of a link's name, that no other of this connection has.

        As nothing is attached or sent without one, this is where other threads are caught. Raises RuntimeError.
        """
        if threading.get_ident() != self._thread.ident:
            raise RuntimeError("proton's objects belong to the engine's thread; use Engine.perform or Engine.post")
        self._tags += 1
        return str(self._tags)

    def _opened(self) -> Procedure[None]:
        yield lambda: bool(self.connection.state & Endpoint.REMOTE_ACTIVE)
        self.product = look_at(self.connection).product

    def _stuck(self) -> Procedure[bool]:
        yield from ()
        return self.sessions.stuck

    def _say_goodbye(self) -> None:
        self._closing = time.monotonic() + _GOODBYE
        self.connection.close()

    def _begin(self) -> None:
        who = self._opening.credentials
        sasl = self._transport.sasl()
        sasl.allowed_mechs(who.mechanisms)
        sasl.allow_insecure_mechs = True  # whether PLAIN may go without TLS was decided in credentials.py
        if who.username is not None:
            self.connection.user = who.username
            self.connection.password = who.password or ""
        self.connection.collect(self._collector)
        self.connection.container = self._opening.container
        self.connection.hostname = self._opening.hostname
        self._transport.idle_timeout = self._opening.heartbeat
        self._transport.bind(self.connection)
        self.connection.open()

    def _run(self) -> None:
        reason = "closed"
        try:
            self._begin()
            poll = select.poll()
            poll.register(self._woken, select.POLLIN)
            poll.register(self._socket, select.POLLIN)
            while not self._transport.closed:
                self._advance()
                next_tick = self._transport.tick(time.monotonic())
                blocked = self._wire.write()
                pumped = not blocked and sum(pump() for pump in self.pumps) > 0  # each has its turn
                if pumped:
                    blocked = self._wire.write()
                if self._closing and (
                    self.connection.state & Endpoint.REMOTE_CLOSED or time.monotonic() > self._closing
                ):
                    break
                poll.modify(self._socket, select.POLLIN | (select.POLLOUT if blocked else 0))
                timeout = max(0.0, next_tick - time.monotonic()) * 1000 + 1 if next_tick else None
                if self._jobs or (pumped and not blocked):
                    timeout = 0
                elif self._closing:
                    timeout = max(0.0, self._closing - time.monotonic()) * 1000 + 1
                for descriptor, _ in poll.poll(timeout):
                    if descriptor == self._woken.fileno():
                        self._woken.recv(4096)
                    else:
                        self._wire.read()
            self._advance()
        except (WireClosed, _ConnectionLost):
            reason = self._last_words()
        except OSError as error:
            self.login_refused = refused_by_tls(error) and not self.connection.state & Endpoint.REMOTE_ACTIVE
            reason = f"connection to {self.broker} lost: {error.strerror or error}{self._hint()}"
        except Exception as error:  # noqa: BLE001  whatever it is, those who wait must hear of it
            reason = f"connection to {self.broker} given up: {type(error).__name__}: {error}"
        else:
            reason = self._last_words()
        finally:
            self.wants_certificate = wants_certificate(self.connection, self._transport, self._opening)
            self._release(reason)

    def _advance(self) -> None:
        """Run jobs, handle events, resume procedures."""
        while self._jobs:
            self._jobs.popleft()()
        while (event := self._collector.peek()) is not None:
            if event.type is Event.DELIVERY:
                delivery: Any = event.delivery
                # An incoming delivery may have a tag of no bytes, which proton's binding stumbles over.
                if delivery.link.is_sender and delivery.updated and (callback := self.on_outcome.get(delivery.tag)):
                    callback(delivery)
            self._collector.pop()
        if self.connection.state & Endpoint.REMOTE_CLOSED and not self._closing:
            raise _ConnectionLost
        for callback_after in list(self.after_events):
            callback_after()
        self._procedures = [running for running in self._procedures if not running.advance()]

    def _last_words(self) -> str:
        """Why the connection ended, after hearing what was still said before it did."""
        with contextlib.suppress(_ConnectionLost):
            self._advance()
        self.login_refused = login_refused(self._transport)
        self.end_condition = self.connection.remote_condition.name if self.connection.remote_condition else ""
        return describe_end(self.broker, self.connection, self._transport, self._opening, self._wire.first)

    def _hint(self) -> str:
        return hint(self.connection, self._transport, self._opening, self._wire.first)

    def _release(self, reason: str) -> None:
        with self._lock:
            self.lost = reason
        while self._jobs:  # what was handed over meanwhile must fail, not wait
            self._jobs.popleft()()
        for callback in list(self.after_events):
            callback()
        for running in self._procedures:
            running.fail(reason)
        for resource in (self._socket, self._woken, self._waker):
            resource.close()


class _ConnectionLost(Exception):
    """The broker has closed the connection."""
