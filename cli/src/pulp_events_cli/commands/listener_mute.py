"""`pulp-admin event listener mute|unmute`: deliver nothing for a while to a listener, to some, or to all of them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pulp_events.listeners.muting import LONGEST_MUTE
from pulp_events.system.clock import from_timestamp
from pulp_events_cli.commands import become_due
from pulp_events_cli.commands.labelled import add_label, labels_in, with_labels
from pulp_events_cli.commands.listener_list import check_type
from pulp_events_cli.commands.one_listener import NO_CHANGES, add_listener_id, report
from pulp_events_cli.errors import DONE, CommandFailed, UsageError
from pulp_events_cli.ids.listener_ids import find
from pulp_events_cli.output import listener_records
from pulp_events_cli.output.asking import agreed, can_ask
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.text import count, local_time
from pulp_events_cli.parser.argument_types import duration, reason
from pulp_events_cli.parser.later import EXAMPLE, later
from pulp_events_cli.parser.parser import Parser

if TYPE_CHECKING:
    from datetime import datetime

    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener

_LISTENERS = ("event listener", "event listeners")


def fill_mute(parser: Parser) -> None:
    """Add the options of `mute`."""
    _add_choice(parser)
    parser.add_argument("--for", dest="length", type=duration, metavar="DURATION", help="how long, such as 30m or 2h")
    parser.add_argument(
        "--until", type=later, metavar="TIME", help=f"until when, such as {EXAMPLE}; local time unless it has an offset"
    )
    parser.add_argument("--reason", type=reason, metavar="TEXT", help="reason, shown with the listener and what waits")
    parser.add_argument(
        "--drop",
        action="store_true",
        help="record deliveries of events emitted meanwhile as dead, instead of letting them wait",
    )
    _add_safety(parser)
    parser.epilog = (
        "The mute ends by itself. Deliveries that are already pending wait in any case. An earlier mute is replaced. "
        "Listeners that are created during a mute with --all are muted, too; one with --label or --type concerns the "
        "listeners that there are."
    )
    parser.set_defaults(run=_mute)


def fill_unmute(parser: Parser) -> None:
    """Add the options of `unmute`."""
    _add_choice(parser)
    _add_safety(parser)
    parser.set_defaults(run=_unmute)


def _add_choice(parser: Parser) -> None:
    """The options that name one listener, or choose several."""
    add_listener_id(parser, required=False)
    add_label(parser, "instead of one listener, all with this label")
    parser.add_argument("--type", metavar="TYPE", help="instead of one listener, all of this notifier type")
    parser.add_argument("--all", action="store_true", help="all listeners")


def _add_safety(parser: Parser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="only say how many there are")
    parser.add_argument("--yes", action="store_true", help="do not ask, on a terminal, whether to go on")


def _several(bus: EventBus, arguments: argparse.Namespace) -> list[Listener] | None:
    """Those that are chosen; None if one is named by --listener-id. Raises UsageError unless it is just one of the
    ways, CommandFailed if there are none."""
    labels, type_id = labels_in(arguments), arguments.type
    if (arguments.listener_id is not None) + bool(labels or type_id is not None) + arguments.all != 1:
        raise UsageError(
            "choose the listeners in one way: one with --listener-id, those with a --label or of a --type, or --all"
        )
    if arguments.listener_id is not None:
        return None
    if type_id is not None:
        check_type(bus, type_id)
    found = with_labels(bus, labels) if labels else bus.listeners.list()
    found = [each for each in found if type_id in (None, each.notifier_type_id)]
    if not found:
        of_type = "" if type_id is None else f" of type {type_id}{' with these labels' if labels else ''}"
        raise CommandFailed(f"there is no listener{of_type}; `pulp-admin event listener list` shows them")
    return found


def _mute(bus: EventBus, arguments: argparse.Namespace) -> int:
    several, until = _several(bus, arguments), _until(bus, arguments)
    how = {"until": until, "drop": arguments.drop, "reason": arguments.reason}
    if several is None:
        listener = find(bus, arguments.listener_id)
        if arguments.dry_run:
            return _would(bus, arguments, [listener], "muted")
        return report(bus, arguments, bus.listeners.mute(listener.id, arguments.length, **how), "muted")
    if arguments.dry_run:
        return _would(bus, arguments, several, "muted")
    end = until or from_timestamp(bus.clock.time() + min(arguments.length, LONGEST_MUTE))
    _ask(arguments, several, f"Mute {{}} until {local_time(end)}")
    muted = bus.listeners.mute_all(arguments.length, **how, **_choice(arguments))
    return _report(bus, arguments, muted, "muted")


def _unmute(bus: EventBus, arguments: argparse.Namespace) -> int:
    several, now = _several(bus, arguments), bus.clock.time()
    if several is None:
        listener = find(bus, arguments.listener_id)
        was = listener.muted_for(now) > 0
        if arguments.dry_run:
            return _would(bus, arguments, [listener] if was else [], "unmuted")
        waiting = become_due.waiting(bus, [listener])
        after = bus.listeners.unmute(listener.id)
        code = report(bus, arguments, after, "unmuted" if was else None)
        become_due.say(bus, arguments, waiting, [after])
        return code
    muted = [each for each in several if each.muted_for(now)]
    if arguments.dry_run:
        return _would(bus, arguments, muted, "unmuted")
    if muted:
        _ask(arguments, muted, "Unmute {}")
    waiting = become_due.waiting(bus, muted)
    ended = bus.listeners.unmute_all(**_choice(arguments))
    code = _report(bus, arguments, ended, "unmuted")
    become_due.say(bus, arguments, waiting, ended)
    return code


def _until(bus: EventBus, arguments: argparse.Namespace) -> datetime | None:
    """The end that is given as a time. Raises UsageError unless there is one end, and that is to come."""
    until: datetime | None = arguments.until
    if (until is None) == (arguments.length is None):
        raise UsageError("say how long in one way: with --for DURATION, or with --until TIME")
    if until is not None and until.timestamp() <= (now := bus.clock.time()):
        raise UsageError(f"--until: {local_time(until)} is in the past; it is now {local_time(from_timestamp(now))}")
    return until


def _choice(arguments: argparse.Namespace) -> dict[str, Any]:
    return {"notifier_type_id": arguments.type, "labels": labels_in(arguments)}


def _ask(arguments: argparse.Namespace, chosen: Sequence[Listener], question: str) -> None:
    """Whether to go on, where somebody is there to say."""
    if arguments.yes or not can_ask():
        return
    if not agreed(f"{question.format(count(len(chosen), *_LISTENERS))}?"):
        raise CommandFailed("nothing was changed")


def _would(bus: EventBus, arguments: argparse.Namespace, chosen: Sequence[Listener], done: str) -> int:
    if arguments.json:
        print_json([listener_records.for_json(bus, each) for each in chosen])
    else:
        confirm(f"{count(len(chosen), *_LISTENERS)} would be {done}")
    return DONE


def _report(bus: EventBus, arguments: argparse.Namespace, changed: Sequence[Listener], done: str) -> int:
    """Say what was done to several."""
    if arguments.json:
        print_json([listener_records.for_json(bus, each) for each in changed])
    else:
        confirm(f"{count(len(changed), *_LISTENERS)} successfully {done}" if changed else NO_CHANGES)
    return DONE
