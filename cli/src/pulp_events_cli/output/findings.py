"""What a check found: a line for each thing that it looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pulp_events_cli.errors import DONE, FAILED
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.screen import show_table

OK = "ok"
NOTE = "note"
PROBLEM = "problem"


@dataclass
class Finding:
    """One line of a check: `ok`, `note` (works, but look at it) or `problem` (with its remedy)."""

    state: str
    what: str
    text: str


def show(findings: Iterable[Finding], json: bool) -> int:
    """Print the findings; returns the exit code, 1 if one is a problem."""
    found = list(findings)
    failed = any(finding.state == PROBLEM for finding in found)
    if json:
        print_json({"ok": not failed, "findings": [vars(finding) for finding in found]})
    else:
        show_table(("STATE", "WHAT", "FINDING"), ([each.state, each.what, each.text] for each in found))
    return FAILED if failed else DONE
