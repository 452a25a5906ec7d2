"""`pulp-admin event emit`: emit an event, wait, and say what became of each delivery."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from pulp_events.errors import EventsError
from pulp_events.outbox.states import State
from pulp_events_cli import paths
from pulp_events_cli.commands import emit_waiting as waiting
from pulp_events_cli.errors import DONE, CommandFailed, UsageError
from pulp_events_cli.output.id_kinds import LISTENER
from pulp_events_cli.output.kinds import DETAIL
from pulp_events_cli.output.listing import show
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import confirm, warning
from pulp_events_cli.output.table import Column, Table
from pulp_events_cli.output.text import count, first_line, local_time
from pulp_events_cli.parser.argument_types import duration, lifetime, some_text
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulp_events.bus.event_bus import EventBus
    from pulp_events.events.event import Event
    from pulp_events.outbox.delivery import Delivery

TIMEOUT = 30.0
_LOOK = waiting.SOON
"""Seconds between looks at whether there is anything left to wait for."""


MADE = Table(
    "deliveries",
    Column("listener", lambda row: row["listener_id"], kind=LISTENER, rank=0, least=10),
    Column("type", lambda row: row["notifier_type_id"], rank=4, least=8),
    Column("target", lambda row: row["target"], rank=3, least=12),
    Column("state", lambda row: row["state"], rank=1),
    Column("detail", lambda row: first_line(str(row["detail"])), kind=DETAIL, rank=2, least=12),
)


def fill(parser: Parser, session: Session) -> None:
    """Add the arguments of `emit`."""
    parser.add_argument("event_type", metavar="TYPE", help="event type; `pulp-admin event types` lists them")
    add_report(parser)
    parser.add_argument(
        "--id",
        metavar="ID",
        help="id of the event, so that the command can be repeated: it is stored and delivered once",
    )
    parser.add_argument(
        "--expires",
        type=lifetime,
        metavar="DURATION",
        help="do not deliver it later than this, such as 10m; what is not delivered by then is dead",
    )
    parser.add_argument(
        "--scope",
        type=some_text,
        metavar="SCOPE",
        help="whose event it is: listeners with a scope get only events with the same one",
    )
    parser.add_argument("--no-wait", action="store_true", help="store the deliveries and leave them to a worker")
    parser.add_argument(
        "--timeout",
        type=duration,
        default=TIMEOUT,
        metavar="DURATION",
        help="how long to wait for the deliveries; default: 30s",
    )
    parser.epilog = (
        "Only this event is delivered; other deliveries to the same listeners are left to a worker. The exit code is "
        "1 if a delivery is dead, or still pending after the timeout; one that waits for a digest's window does not "
        "count."
    )
    parser.set_defaults(run=_run, deliver=lambda arguments: "external" if arguments.no_wait else "emitted")


def add_report(parser: Parser) -> None:
    """The options that say what an event reports."""
    json_help = "as a JSON object; @FILE or - reads it from a file or standard input"
    parser.add_argument("--payload", metavar="JSON", help=f"what happened, {json_help}")
    parser.add_argument("--call-report", metavar="JSON", help=f"the task that did it, {json_help}")


def read_report(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Payload and call report as those options give them. Raises UsageError."""
    if arguments.payload == arguments.call_report == "-":
        raise UsageError("--payload and --call-report both read standard input; use @FILE for one of them")
    return _object("--payload", arguments.payload), _object("--call-report", arguments.call_report)


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    payload, call_report = read_report(arguments)
    before = None if arguments.id is None else bus.outbox.event(arguments.id)
    event = bus.emit(
        arguments.event_type,
        payload,
        call_report,
        id=arguments.id,
        expires=arguments.expires,
        scope=arguments.scope,
    )
    if bus.dropped:
        raise CommandFailed(f"event {event.id} was dropped: the outbox is full; see `pulp-admin event config check`")
    arguments.is_new = before is None
    try:
        return _tell(bus, event, arguments)
    except CommandFailed:
        raise
    except Exception as error:
        # The event is stored: an error that looks as if nothing had been done would have it emitted again.
        if isinstance(error, BrokenPipeError):
            raise
        text = str(error) if isinstance(error, EventsError) else f"{type(error).__name__}: {error}"
        raise CommandFailed(
            f"event {event.id} is stored and will be delivered, so do not emit it "
            f"again; its deliveries cannot be shown: {text}"
        ) from error


def _tell(bus: EventBus, event: Event, arguments: argparse.Namespace) -> int:
    """Wait, and say what became of the deliveries."""
    waits = not arguments.no_wait
    if waits and not arguments.is_new:  # whoever emitted it before may have given up, or have been killed
        bus.dispatcher.adopt(found for found in bus.outbox.of_event(event.id) if found.state == State.PENDING)
    deliveries = _wait(bus, event, arguments.timeout) if waits else list(bus.outbox.of_event(event.id))
    _print(bus, event, deliveries, arguments)
    failed = Counter(found.state for found in deliveries if found.state.failed)
    pending = [found for found in deliveries if found.state == State.PENDING and not waiting.window_left(bus, found)]
    if failed or (pending and waits):
        unfinished = _unfinished(len(deliveries), {**failed, f"still {State.PENDING}": len(pending)})
        raise CommandFailed(f"{unfinished}; `pulp-admin event delivery show ID` shows the attempts")
    return DONE


def _unfinished(number: int, states: dict[str, int]) -> str:
    """Such as "2 of 4 deliveries are dead and 1 is still pending"."""
    parts = [f"{found} {'is' if found == 1 else 'are'} {state}" for state, found in states.items() if found]
    first, _, rest = " and ".join(parts).partition(" ")
    return f"{first} of {count(number, 'delivery', 'deliveries')} {rest}"


def _object(option: str, text: str | None) -> Any:
    """The JSON value that an option gives, None for none."""
    if text is None:
        return None
    from pulp_events.notation import json_text

    place = option
    try:
        if text == "-":
            place = f"{option}, standard input"
            text = sys.stdin.read() if sys.stdin is not None else ""
        elif text.startswith("@"):
            place = f"{option}, file {text[1:]}"
            text = paths.named(f"{option}, file", text[1:]).read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{place} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{place} is not UTF-8") from None
    try:
        value = json_text.read(text)
    except ValueError as error:
        example = """'{"repo_id": "pulp2"}'"""
        raise UsageError(f"{place} is not valid JSON: {error}; write for example {example}") from None
    if not isinstance(value, dict):
        raise UsageError(f"""{place} is JSON, but not an object; write for example '{{"repo_id": "pulp2"}}'""")
    return value


def _wait(bus: EventBus, event: Event, timeout: float) -> list[Delivery]:
    """Wait until all is decided, the time is over, or nothing is left but what cannot be delivered now."""
    end = time.monotonic() + timeout
    told: set[str] = set()
    while True:
        left = end - time.monotonic()
        deliveries = bus.wait(event, max(0.0, min(left, _LOOK)))
        pending = [found for found in deliveries if found.state == State.PENDING]
        if not pending or left <= 0 or all(waiting.not_now(bus, found) for found in pending):
            return deliveries
        for found in pending:
            if found.listener_id not in told:
                told.add(found.listener_id)
                if number := waiting.older(bus, found):
                    warning(f"listener {found.listener_id}: {waiting.behind_others(number)}")


def _print(bus: EventBus, event: Event, deliveries: Sequence[Delivery], arguments: argparse.Namespace) -> None:
    types = {listener.id: listener.notifier_type_id for listener in bus.listeners.list()}
    shown = [
        {
            "id": found.id,
            "listener_id": found.listener_id,
            "notifier_type_id": types.get(found.listener_id),
            "target": found.target,
            "state": found.state,
            "detail": (waiting.reason(bus, found) if found.state == State.PENDING else "") or found.detail,
        }
        for found in deliveries
    ]
    if arguments.json:
        told = {"id": event.id, "event_type": event.event_type, "time": event.time, "new": arguments.is_new}
        print_json({**told, "deliveries": shown})
        return
    if arguments.is_new:
        confirm(f"Event {event.id} emitted")
    else:
        confirm(f"Event {event.id} was emitted before, at {local_time(event.time)}; nothing was stored")
    if not shown:
        confirm("No listener matches this event")
        return
    show(MADE, bus, shown)
