"""The span of time that `--since` and `--until` choose."""

from __future__ import annotations

import argparse

from pulp_events_cli.errors import UsageError


def check_span(arguments: argparse.Namespace) -> None:
    """Raise UsageError where no moment is in it."""
    since, until = arguments.since, getattr(arguments, "until", None)
    if since is not None and until is not None and until <= since:
        raise UsageError("--until is not after --since; give a later time")
