"""The event report as a message needs it: as text, and read back. No input or output here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from typing import Any


@dataclass(frozen=True)
class Report:
    """A report, read once for everything in the message that is made of it."""

    text: str
    """The JSON indented by two, as the guide shows it; its characters as they are, not as `\\u` escapes."""

    payload: Mapping[str, Any] = field(default_factory=dict)
    call_report: Mapping[str, Any] = field(default_factory=dict)
    """Both empty where the report is nested too deeply to be read back."""

    @property
    def is_test(self) -> bool:
        """True for what `listener test` sends: both its payload and its call report say so."""
        return self.payload.get("test") is True and self.call_report.get("test") is True

    @property
    def task_id(self) -> str | None:
        """Of the task that the event is about."""
        for value in (self.call_report.get("task_id"), self.payload.get("task_id")):
            if isinstance(value, str) and value:
                return value
        return None


def read(report: bytes) -> Report:
    """Read the octets that `emit` stored."""
    try:
        value = json.loads(report.decode())
        text = indented(value)
    except RecursionError:  # nested too deeply to be indented: still better as it is than not at all
        return Report(report.decode())
    return Report(text, _mapping(value.get("payload")), _mapping(value.get("call_report")))


def indented(value: object) -> str:
    """JSON indented by two, as `json.dumps(value, indent=2, ensure_ascii=False)` makes it, in a third of its time.

    `value` is what `json.loads` made. Raises RecursionError where it is nested too deeply.
    """
    text = _write(value, "\n")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:  # half of a surrogate pair, which JSON may hold and UTF-8 may not
            return json.dumps(value, indent=2)
    return text


def _write(value: object, margin: str) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        if not value:
            return "{}"
        inner = margin + "  "
        items = [f"{inner}{encode_basestring(key)}: {_write(item, inner)}" for key, item in value.items()]
        return f"{{{','.join(items)}{margin}}}"
    if isinstance(value, list):
        if not value:
            return "[]"
        inner = margin + "  "
        return f"[{','.join([inner + _write(item, inner) for item in value])}{margin}]"
    return "null" if value is None else json.dumps(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
