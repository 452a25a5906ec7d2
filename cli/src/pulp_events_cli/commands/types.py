"""`pulp-admin event types`: what can be emitted and listened to."""

from __future__ import annotations

import argparse

from pulp_events.visible import one_line
from pulp_events_cli.output.records import print_json
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session


def fill(parser: Parser, session: Session) -> None:
    """`types` is a command without options."""
    parser.set_defaults(run=_run, deliver=None)


def _run(bus: None, arguments: argparse.Namespace) -> int:
    found = list(arguments.session.plugins.event_types)
    if arguments.json:
        print_json(
            [
                {"name": each.name, "description": each.description, "payload": dict(each.payload), "own": each.own}
                for each in found
            ]
        )
        return 0
    blocks = []
    for each in found:
        widest = max(map(len, each.payload), default=0)
        keys = [f"  {key:<{widest}} - {one_line(text)}" for key, text in each.payload.items()]
        blocks.append("\n".join([each.name, f"  {one_line(each.description)}", *keys]))
    print("\n\n".join(blocks))
    return 0
