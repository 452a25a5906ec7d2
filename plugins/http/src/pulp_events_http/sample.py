"""Trying a body template out before it is stored. jinja2 is imported when the first one is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pulp_events import Event
from pulp_events.templates import Template, TemplateError

_USUAL = {
    "repo_id": "pulp2",
    "started": "2012-10-19T19:09:16Z",
    "completed": "2012-10-19T19:09:21Z",
    "result": "success",
    "error_message": None,
    "traceback": None,
}
_AWKWARD = {**_USUAL, "repo_id": 'a "quoted" name', "result": "error", "error_message": "line 1\nline \\2"}


def check_template(source: str, content_type: str | None) -> None:
    """Raise ValueError, with the rest of a sentence, unless the template makes a body of the sample event."""
    try:
        text = _render(source, _USUAL)
    except TemplateError as error:
        raise ValueError(f"cannot be used: {error}") from None
    if _is_json(content_type):
        try:
            json.loads(text)
        except ValueError as error:
            raise ValueError(
                f"does not produce valid JSON for a sample event: {error}; write values as "
                "{{ payload.repo_id | tojson }}, "
                "or give another --content-type"
            ) from None


def is_fragile(source: str, content_type: str | None) -> bool:
    """True if an event with quotes and line breaks in its values would make the body malformed JSON."""
    if not _is_json(content_type):
        return False
    try:
        json.loads(_render(source, _AWKWARD))
    except (TemplateError, ValueError):
        return True
    return False


def _is_json(content_type: str | None) -> bool:
    kind = (content_type or "application/json").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _render(source: str, payload: Mapping[str, Any]) -> str:
    event = Event(
        event_type="repo.sync.finish",
        payload=payload,
        call_report={"task_id": "0fe4fcab-a040-11e1-a71c-00508d977dff", "state": "running"},
        id="01929e5f-0000-7000-8000-000000000001",
        time=datetime(2012, 10, 19, 19, 9, 21, tzinfo=UTC),
        source="pulp.example.com",
    )
    return Template(source, name="body_template").render(event, delivery_id=f"{event.id}.0")
