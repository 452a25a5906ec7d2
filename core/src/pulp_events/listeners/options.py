"""What a listener's own options may be, when they are given and when a record is read."""

from __future__ import annotations

from pulp_events.errors import InvalidConfig

MOST_LANES = 64
LONGEST_STEP = 1e8
"""Seconds."""


def check_options(retry_schedule: object, lanes: object) -> None:
    """Raises InvalidConfig for what cannot be a listener's `retry_schedule` or `lanes`; None stands for no option."""
    if retry_schedule is not None and not isinstance(retry_schedule, list | tuple):
        raise InvalidConfig(f"retry_schedule is {retry_schedule!r:.60}; give a list of seconds")
    for step in retry_schedule or ():
        if not isinstance(step, int | float) or isinstance(step, bool) or not 0 < step < LONGEST_STEP:
            raise InvalidConfig(f"retry_schedule has {step!r:.60}; each step is a number of seconds above 0")
    if lanes is not None and (not isinstance(lanes, int) or isinstance(lanes, bool) or not 1 <= lanes <= MOST_LANES):
        raise InvalidConfig(f"lanes is {lanes!r:.60}; give a number from 1 to {MOST_LANES}")
