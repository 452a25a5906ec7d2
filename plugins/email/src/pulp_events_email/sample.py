"""Events that templates are tried with before they are stored, and that the pictures in the documents show."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from pulp_events import Event
from pulp_events.notifier import Config
from pulp_events.templates import Template, TemplateError
from pulp_events_email.config import MARK
from pulp_events_email.digest import Digest, Line, names
from pulp_events_email.report import Report
from pulp_events_email.summary import summarise
from pulp_events_email.wording import DIGEST, MESSAGE, Wording

STARTED = {"repo_id": "pulp2", "start_time": "2012-10-19T19:09:16Z"}
SUCCEEDED = {
    **STARTED,
    "end_time": "2012-10-19T19:11:21Z",
    "result": "success",
    "added_count": 12,
    "removed_count": 0,
    "updated_count": 3,
    "error_message": None,
    "traceback": None,
}
FAILED = {
    **STARTED,
    "end_time": "2012-10-19T19:09:46Z",
    "result": "failed",
    "error_message": "the feed's host name cannot be resolved: feed.example.com",
    "traceback": "Traceback (most recent call last):\n"
    '  File "/usr/lib/pulp/plugins/importers/yum/sync.py", line 112, in sync\n'
    "    metadata = self.fetch(self.feed)\n"
    "socket.gaierror: [Errno -2] Name or service not known",
}
PUBLISHED = {**STARTED, "end_time": "2012-10-19T19:09:58Z", "result": "success", "error_message": None}
NOT_PUBLISHED = {
    **STARTED,
    "end_time": "2012-10-19T19:09:17Z",
    "result": "failed",
    "error_message": "no space left on device: /var/lib/pulp/published",
    "traceback": None,
}
CALL_REPORT = {
    "task_id": "79be77a8-1a20-11e2-aeb9-1803731e94c4",
    "tags": ["pulp:repository:pulp2", "pulp:action:sync"],
    "principal_login": "admin",
    "response": "accepted",
}


def sample_event(event_type: str = "repo.sync.finish", payload: Mapping[str, Any] = SUCCEEDED) -> Event:
    """One of the guide's kind."""
    return Event(
        event_type=event_type,
        payload=payload,
        call_report=CALL_REPORT,
        id="01929e5f-0000-7000-8000-000000000001",
        time=datetime(2012, 10, 19, 19, 9, 16, tzinfo=UTC),
        source="pulp.example.com",
    )


def try_templates(config: Config) -> None:
    """Make subjects and bodies of a success, a failure and a start, or of a digest of them. Raises ValidationError."""
    window = config.get("digest")
    examples = [(event, _more(event)) for event in samples()] if window is None else [_digest(window)]
    if MARK in config["subject"]:
        with _refusing("subject"):
            subject = Template(config["subject"], name="subject")
            for event, more in examples:
                subject.render(event, **more)
    if "template" in config:
        with _refusing("template"):
            wording = Wording(Path(config["template"]), MESSAGE if window is None else DIGEST)
            wording.refresh()
            for event, more in examples:
                wording.text(event, more)
                wording.html(event, more)


def _digest(window: float) -> tuple[Event, dict[str, Any]]:
    events = samples()
    lines = tuple(Line(event.time, _more(event)["summary"]) for event in events)
    return events[-1], names(events, Digest(lines, window, ""))


@contextlib.contextmanager
def _refusing(field: str) -> Iterator[None]:
    try:
        yield
    except TemplateError as error:
        raise ValidationError(f"Cannot be used: {error}.", field) from None


def samples() -> list[Event]:
    """A success, a failure and a start."""
    return [
        sample_event("repo.sync.finish", SUCCEEDED),
        sample_event("repo.sync.finish", FAILED),
        sample_event("repo.sync.start", STARTED),
    ]


def _more(event: Event) -> dict[str, Any]:
    report = Report("{}", event.payload, event.call_report)
    summary = summarise(event.event_type, event.time, event.source, report)
    return {"delivery_id": f"{event.id}.0", "summary": summary}
