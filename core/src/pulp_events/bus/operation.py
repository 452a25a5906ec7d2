"""`Operation`: the usual pair of events around a piece of work."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from pulp_events.errors import EventsError, InvalidEvent, UnknownEventType
from pulp_events.events.event_type import EventTypes
from pulp_events.system.clock import Clock, from_timestamp
from pulp_events.system.signal_handlers import raised_in_handler

if TYPE_CHECKING:
    from pulp_events.events.event import Event

SUCCESS = "success"
FAILED = "failed"
LONGEST = 20_000
"""Characters of an error's message, and of the end of its traceback, that a finish carries."""


class Emitting(Protocol):
    """What an operation needs of the bus."""

    clock: Clock

    @property
    def event_types(self) -> EventTypes:
        """The types that are known."""

    def refuse(self, error: EventsError, event_types: Sequence[str]) -> None:
        """Raise the error, or log it."""

    def emit(
        self,
        event_type: str,
        payload: Mapping[str, Any],
        call_report: Mapping[str, Any] | None = None,
        *,
        expires: float | None = None,
        scope: str | None = None,
        trace_context: Mapping[str, str] | None = None,
    ) -> Event:
        """Store the event."""

    async def emit_async(
        self,
        event_type: str,
        payload: Mapping[str, Any],
        call_report: Mapping[str, Any] | None = None,
        *,
        expires: float | None = None,
        scope: str | None = None,
        trace_context: Mapping[str, str] | None = None,
    ) -> Event:
        """The same in an event loop."""


class Operation:
    """Emits `NAME.start` when entered and `NAME.finish` when left, also when the block raises; the error goes on.
    `async with` does so in an event loop. What is cancelled or interrupted while the start is being stored has its
    finish, too, though its block is never entered.

        with bus.operation("repo.sync", {"repo_id": "pulp2"}) as op:
            op["added_count"] = synchronise()

    The payload of the finish has what was given, what the block added, and `start_time`, `end_time`, `result`
    (`success` or `failed`), `error_message` and `traceback` (both null on success). `expires`: seconds after each of
    the two events. `scope`: that of both. They are of one trace, where a plugin traces.
    """

    def __init__(
        self,
        bus: Emitting,
        name: str,
        payload: Mapping[str, Any] | None,
        call_report: Mapping[str, Any] | None,
        expires: float | None = None,
        scope: str | None = None,
    ) -> None:
        self._bus = bus
        self._name = name
        self._call_report = call_report
        self._expires = expires
        self._scope = scope
        if payload is not None and not isinstance(payload, Mapping):
            fault = f"payload is of type {type(payload).__name__}; it must be a mapping, such as a dict"
            bus.refuse(InvalidEvent(fault), [f"{name}.start"])
            payload = None
        self.payload: dict[str, Any] = dict(payload or {})
        self._trace: Mapping[str, str] | None = None

    def __setitem__(self, key: str, value: Any) -> None:
        self.payload[key] = value

    def __getitem__(self, key: str) -> Any:
        return self.payload[key]

    def __enter__(self) -> Operation:
        self._begin()
        try:
            self._trace = self._bus.emit(f"{self._name}.start", self.payload, **self._how()).trace_context
        except BaseException as error:
            if not isinstance(error, Exception) or raised_in_handler(error):
                # The start may have been told by now: better a finish without a start than a start without a finish.
                self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._bus.emit(f"{self._name}.finish", self._finish(error), **self._how())
        except Exception as failure:
            if error is None:
                raise
            self._note(failure, error)

    async def __aenter__(self) -> Operation:
        import asyncio

        from pulp_events.system.to_its_end import to_its_end

        self._begin()
        start = asyncio.ensure_future(self._bus.emit_async(f"{self._name}.start", self.payload, **self._how()))
        try:  # to its end: whoever cancels it must know whether the start was told
            self._trace = (await to_its_end(start)).trace_context
        except asyncio.CancelledError as error:
            if not start.cancelled() and start.exception() is None:
                self._trace = start.result().trace_context
                await self.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from pulp_events.system.to_its_end import to_its_end

        try:  # to its end: the finish of work that was cancelled is told, too
            await to_its_end(self._bus.emit_async(f"{self._name}.finish", self._finish(error), **self._how()))
        except Exception as failure:
            if error is None:
                raise
            self._note(failure, error)

    def _begin(self) -> None:
        # Both types are asked for now: work that is done must not end in an error about its event.
        try:
            self._bus.event_types.require(f"{self._name}.finish")
        except UnknownEventType as error:
            self._bus.refuse(error, [])  # counted when it is emitted
        self.payload.setdefault("start_time", from_timestamp(self._bus.clock.time()))

    def _how(self) -> dict[str, Any]:
        how = {"call_report": self._call_report, "expires": self._expires, "scope": self._scope}
        return {**how, "trace_context": self._trace} if self._trace else how

    def _note(self, failure: Exception, error: BaseException) -> None:
        error.add_note(f"the event {self._name}.finish could not be emitted: {failure}")

    def _finish(self, error: BaseException | None) -> dict[str, Any]:
        failed = error is not None
        return {
            **self.payload,
            "end_time": from_timestamp(self._bus.clock.time()),
            "result": FAILED if failed else self.payload.get("result", SUCCESS),
            "error_message": _message(error) if error else self.payload.get("error_message"),
            "traceback": _trace(error) if error else self.payload.get("traceback"),
        }


def _message(error: BaseException) -> str:
    return _carried(str(error))[:LONGEST] or type(error).__name__


def _trace(error: BaseException) -> str:
    return _carried("".join(traceback.format_exception(error)))[-LONGEST:]


def _carried(text: str) -> str:
    """The text with lone surrogates, as in the name of a file, spelt out: a report cannot carry them."""
    return text.encode("utf-8", "backslashreplace").decode()
