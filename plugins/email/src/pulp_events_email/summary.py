"""What happened, in words: the facts of a report that people ask for. No input or output here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pulp_events.fields import format_duration
from pulp_events_email.headers import one_line
from pulp_events_email.report import Report

STARTED = "started"
SUCCEEDED = "succeeded"
FAILED = "failed"
CANCELLED = "cancelled"
FINISHED = "finished"
OTHER = "event"

SYMBOLS = {STARTED: "▶", SUCCEEDED: "✔", FAILED: "✘", CANCELLED: "■", FINISHED: "●", OTHER: "●"}

_START, _FINISH = "start", "finish"
"""How the event types of an operation end."""

_RESULTS = {
    **dict.fromkeys(("success", "succeeded", "ok", "completed"), SUCCEEDED),
    **dict.fromkeys(("failed", "failure", "error"), FAILED),
    **dict.fromkeys(("canceled", "cancelled", "aborted"), CANCELLED),
}
_NAMES = ("repo_id", "repository", "repo_name", "name", "id")
_BEGAN = ("start_time", "started")
_ENDED = ("end_time", "completed", "finish_time", "finished")
_ERRORS = ("error_message", "exception", "error")
_LONGEST_ERROR = 4000


@dataclass(frozen=True)
class Summary:
    """The facts of one event; templates have it as `summary`."""

    state: str
    """`started`, `succeeded`, `failed`, `cancelled`, `finished` (the report does not say how), or `event`."""

    title: str
    """One line: `Sync of pulp2 failed`."""

    facts: tuple[tuple[str, str], ...]
    """Label and value of each fact that the report has, in the order in which they are read."""

    counts: tuple[tuple[str, str], ...]
    """What was counted: `added: 3`."""

    error: str
    """The error's message; empty if there is none."""

    traceback: str
    """Its end, if it is long."""

    is_test: bool

    @property
    def symbol(self) -> str:
        """A character that stands for the state, for those who see no colours."""
        return SYMBOLS[self.state]


def summarise(event_type: str, time: datetime, source: str, report: Report) -> Summary:
    """Find the facts in a report, whichever application made it; what it does not have is left out."""
    payload, call = report.payload, report.call_report
    error = _error(payload) or _error(call)
    state = _state(event_type, report, bool(error))
    return Summary(
        state=state,
        title=_title(event_type, state, _first(payload, _NAMES)),
        facts=tuple(_facts(event_type, time, source, report)),
        counts=tuple(_counts(payload)),
        error=error,
        traceback=_tail(payload.get("traceback") or call.get("traceback")),
        is_test=report.is_test,
    )


def _state(event_type: str, report: Report, has_error: bool) -> str:
    last = event_type.rpartition(".")[2]
    if last == _START:
        return STARTED
    if last != _FINISH:
        return OTHER
    for value in (report.payload.get("result"), report.call_report.get("state")):
        if isinstance(value, str) and value.lower() in _RESULTS:
            return _RESULTS[value.lower()]
    return FAILED if has_error else FINISHED


def _title(event_type: str, state: str, name: str) -> str:
    if state == OTHER:
        return f"{event_type}: {name}" if name else event_type
    operation = event_type.split(".")[-2] if event_type.count(".") else event_type
    return f"{operation.replace('_', ' ').capitalize()}{f' of {name}' if name else ''} {state}"


def _facts(event_type: str, time: datetime, source: str, report: Report) -> Iterator[tuple[str, str]]:
    payload, call = report.payload, report.call_report
    name = _first(payload, ("repo_id", "repository", "repo_name"))
    if name:
        yield "Repository", name
    if result := _text(payload.get("result")):
        yield "Result", result
    began = _moment(payload, _BEGAN) or _moment(call, _BEGAN)
    ended = _moment(payload, _ENDED) or _moment(call, _ENDED)
    if began:
        yield "Started", _utc(began)
    if ended:
        yield "Finished", _utc(ended)
    if began and ended and ended >= began:
        yield "Took", format_duration(round((ended - began).total_seconds(), 1))
    if not began and not ended:
        yield "When", _utc(time)
    if who := _who(event_type, report):
        yield "Started by", who
    if source:
        yield "Server", one_line(source)
    if report.task_id:
        yield "Task", one_line(report.task_id)
    yield "Event type", event_type


def _who(event_type: str, report: Report) -> str:
    """Who started the operation: the `user` that its event types have, else what the call report says.

    Of other event types `user` may be anybody, such as the one who was deleted.
    """
    user = _text(report.payload.get("user")) if _is_of_an_operation(event_type) else ""
    return user or _text(report.call_report.get("principal_login"))


def _is_of_an_operation(event_type: str) -> bool:
    return event_type.rpartition(".")[2] in (_START, _FINISH)


def _counts(payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in list(payload.items())[:200]:
        if key.endswith("_count") and isinstance(value, int) and not isinstance(value, bool):
            yield one_line(key.removesuffix("_count").replace("_", " "), 60), f"{value}"[:30]


def _error(values: Mapping[str, Any]) -> str:
    for key in _ERRORS:
        value = values.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()[:_LONGEST_ERROR]
    return ""


def _tail(value: Any) -> str:
    """The end of a traceback: there stands what went wrong."""
    text = "\n".join(map(str, value)) if isinstance(value, list) else value if isinstance(value, str) else ""
    text = text.strip()
    return text if len(text) <= _LONGEST_ERROR else "…" + text[-_LONGEST_ERROR:]


def _first(values: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := _text(values.get(key)))), "")


def _text(value: Any) -> str:
    """A short text of one line; empty for what is neither text nor number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return one_line(value if isinstance(value, str) else f"{value}"[:100], 200)


def _moment(values: Mapping[str, Any], keys: tuple[str, ...]) -> datetime | None:
    for key in keys:
        value = values.get(key)
        if isinstance(value, str):
            try:
                moment = datetime.fromisoformat(value)
                return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
            except (ValueError, OverflowError):
                continue
    return None


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
