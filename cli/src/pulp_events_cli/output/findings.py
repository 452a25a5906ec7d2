"""What a check found: a line for each thing that it looked at."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass

from pulp_events_cli.errors import DONE, FAILED
from pulp_events_cli.output.listing import show as show_rows
from pulp_events_cli.output.listing import sort
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.table import Column, Table

OK = "ok"
NOTE = "note"
PROBLEM = "problem"


@dataclass
class Finding:
    """One line of a check: `ok`, `note` (works, but look at it) or `problem` (with its remedy)."""

    state: str
    what: str
    text: str


FINDINGS = Table(
    "findings",
    Column("state", lambda each: each.state, rank=0),
    Column("what", lambda each: each.what, rank=1),
    Column("text", lambda each: each.text, "FINDING", rank=2, least=16, wraps=True),
)


def show(findings: Iterable[Finding], arguments: argparse.Namespace) -> int:
    """Print the findings; returns the exit code, 1 if one is a problem."""
    found = sort(FINDINGS, None, findings, arguments)
    failed = any(finding.state == PROBLEM for finding in found)
    if arguments.json:
        print_json({"ok": not failed, "findings": [vars(finding) for finding in found]})
    else:
        show_rows(FINDINGS, None, found, arguments)
    return FAILED if failed else DONE
