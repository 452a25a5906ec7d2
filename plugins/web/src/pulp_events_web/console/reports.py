"""Reports of events, as pages show them."""

from __future__ import annotations

import json
from typing import Any


def report_of(report: bytes) -> Any:
    """The report as JSON values; as text where it is damaged."""
    try:
        return json.loads(report)
    except ValueError:
        return report.decode(errors="replace")
