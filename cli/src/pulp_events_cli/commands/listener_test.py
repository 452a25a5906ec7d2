"""`pulp-admin event listener test`: send a test event to a listener now, and show what each target says."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pulp_events.listeners.waiting import disabled
from pulp_events.outbox.states import Outcome
from pulp_events_cli.commands.one_listener import add_listener_id
from pulp_events_cli.errors import DONE, CommandFailed
from pulp_events_cli.ids import listener_ids
from pulp_events_cli.output.listener_records import mute_text
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.screen import show_table
from pulp_events_cli.output.streams import warning
from pulp_events_cli.output.text import count, first_line, printable
from pulp_events_cli.parser.parser import Parser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulp_events.bus.event_bus import EventBus
    from pulp_events.bus.trial import Trial


def fill(parser: Parser) -> None:
    """Add the options."""
    add_listener_id(parser)
    parser.epilog = (
        "The event's payload says that it is a test. It is sent even if the listener is disabled or muted, whatever "
        "its filter; nothing is stored or retried. The exit code is 1 if a target did not get it."
    )
    parser.set_defaults(run=run)


def run(bus: EventBus, arguments: argparse.Namespace) -> int:
    """Send it and print a line for each target."""
    listener = listener_ids.find(bus, arguments.listener_id)
    trials = bus.test_listener(listener.id)
    if not listener.enabled:
        warning(f"only this test is sent: {disabled(listener)}")
    elif listener.muted_for(bus.clock.time()):
        warning(f"only this test is sent: the listener is muted {mute_text(listener)}")
    if arguments.json:
        shown = [
            {
                "target": trial.target,
                "event_type": trial.event_type,
                "outcome": trial.outcome,
                "duration": round(trial.duration, 6),
                "detail": trial.detail,
            }
            for trial in trials
        ]
        print_json({"listener_id": listener.id, "trials": shown})
    else:
        _print(trials)
    failed = sum(trial.outcome != Outcome.DELIVERED for trial in trials)
    if failed:
        raise CommandFailed(
            f"the test event did not reach {failed} of {count(len(trials), 'target', 'targets')} "
            f"of listener {listener.id}; its detail says why"
        )
    return DONE


def _print(trials: Sequence[Trial]) -> None:
    headings = ("TARGET", "OUTCOME", "MILLISECONDS", "DETAIL")
    rows = [(each.target, each.outcome, f"{each.duration * 1000:.0f}", first_line(each.detail)) for each in trials]
    show_table(headings, rows)
    for trial in trials:
        _, _, more = trial.detail.partition("\n")
        if more.strip():
            print(f"\nDetails of {printable(trial.target) or 'this attempt'}:")
            print("\n".join(f"  {printable(line)}".rstrip() for line in more.rstrip().split("\n")))
