"""`pulp-admin event listener test`: send a test event to a listener now, and show what each target says."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pulp_events.listeners.waiting import disabled
from pulp_events.outbox.states import Outcome
from pulp_events_cli.commands.one_listener import add_listener_id
from pulp_events_cli.errors import DONE, CommandFailed
from pulp_events_cli.ids import listener_ids
from pulp_events_cli.output.kinds import DETAIL, Numbers
from pulp_events_cli.output.listener_records import mute_text
from pulp_events_cli.output.listing import show, sort
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import warning
from pulp_events_cli.output.table import Column, Table
from pulp_events_cli.output.text import count, first_line, printable
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.parser.table_options import add_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulp_events.bus.event_bus import EventBus
    from pulp_events.bus.trial import Trial


TRIALS = Table(
    "targets",
    Column("target", lambda each: each.target, rank=0, least=12),
    Column("outcome", lambda each: each.outcome, rank=1),
    Column(
        "duration",
        lambda each: each.duration * 1000,
        "MILLISECONDS",
        kind=Numbers(0),
        rank=3,
        brief_heading="MS",
        right=True,
    ),
    Column("detail", lambda each: first_line(each.detail), kind=DETAIL, rank=2, least=12),
)


def fill(parser: Parser) -> None:
    """Add the options."""
    add_listener_id(parser)
    add_table(parser, TRIALS)
    parser.epilog = (
        "The event's payload says that it is a test. It is sent even if the listener is disabled or muted, whatever "
        "its filter; nothing is stored or retried. The exit code is 1 if a target did not get it."
    )
    parser.set_defaults(run=run)


def run(bus: EventBus, arguments: argparse.Namespace) -> int:
    """Send it and print a line for each target."""
    listener = listener_ids.find(bus, arguments.listener_id)
    trials = sort(TRIALS, bus, bus.test_listener(listener.id), arguments)
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
        _print(trials, arguments)
    failed = sum(trial.outcome != Outcome.DELIVERED for trial in trials)
    if failed:
        raise CommandFailed(
            f"the test event did not reach {failed} of {count(len(trials), 'target', 'targets')} "
            f"of listener {listener.id}; its detail says why"
        )
    return DONE


def _print(trials: Sequence[Trial], arguments: argparse.Namespace) -> None:
    show(TRIALS, None, trials, arguments)
    for trial in trials:
        _, _, more = trial.detail.partition("\n")
        if more.strip():
            print(f"\nDetails of {printable(trial.target) or 'this attempt'}:")
            print("\n".join(f"  {printable(line)}".rstrip() for line in more.rstrip().split("\n")))
