"""`pulp-admin event listener backtest`: which stored events a listener would be sent; nothing leaves."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pulp_events.errors import EventsError, ListenerNotFound
from pulp_events_cli import listener_attributes
from pulp_events_cli.commands.one_listener import add_listener_id
from pulp_events_cli.commands.span import check_span
from pulp_events_cli.errors import DONE, UsageError
from pulp_events_cli.ids import listener_ids
from pulp_events_cli.masked_options import unmasked
from pulp_events_cli.options_from_schema import SchemaOptions
from pulp_events_cli.output.id_kinds import EVENT_ID
from pulp_events_cli.output.kinds import MOMENT
from pulp_events_cli.output.listing import show, sort
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.table import Column, Table
from pulp_events_cli.output.text import count, printable
from pulp_events_cli.parser.argument_types import moment, positive
from pulp_events_cli.parser.parser import GENERAL, Parser
from pulp_events_cli.parser.table_options import add_table
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.bus.backtest import Backtest, Preview, Tested, Verdict
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener

OWN = ("--type", "--since", "--until", "--sample", "--columns", "--sort")
SAMPLE = 5


TESTED = Table(
    "events",
    Column("verdict", lambda each: _MARKS[str(each.verdict)], "", rank=0),
    Column("event", lambda each: each.event_id, kind=EVENT_ID, rank=1),
    Column("time", lambda each: each.time, kind=MOMENT, rank=5),
    Column("event_type", lambda each: each.event_type, rank=2, least=12, cut_start=True),
    Column("would", lambda each: _targets(each.would), "WOULD GO", rank=3, least=10),
    Column("delivery", lambda each: _deliveries(each), rank=4, least=10),
)


def fill(parser: Parser, session: Session) -> None:
    """Add the options; those of the notifier type come with the words that name it."""
    add_listener_id(parser, "listener to test, by id or name, as it is or changed", required=False)
    parser.add_argument(
        "--type",
        metavar="TYPE",
        help="notifier type of a listener that does not exist yet; required without a listener",
    )
    parser.add_argument(
        "--event-type", action="append", metavar="TYPE", help="event types or patterns, in place of the listener's"
    )
    since = "2026-11-24T08:00, or 30d for thirty days ago"
    parser.add_argument(
        "--since", type=moment, metavar="TIME", required=True, help=f"only events emitted at or after: {since}"
    )
    parser.add_argument("--until", type=moment, metavar="TIME", help="only events emitted before this time")
    parser.add_argument(
        "--sample",
        type=positive,
        default=SAMPLE,
        metavar="NUMBER",
        help=f"maximum number of events of each kind, and of messages, to show; default: {SAMPLE}",
    )
    add_table(parser, TESTED)
    listener_attributes.add_options(parser.add_argument_group(GENERAL))
    parser.epilog = (
        "Nothing is sent or stored. Event types, scope and filter decide; whether the listener is disabled or muted, "
        "or has a rate, does not. Options that are given, also those of its type, change the listener for this test "
        "only. Events that nobody listened to are there with keep = all in section [events] of server.conf."
    )
    parser.set_defaults(run=_run, options=None, options_type=None, only_reads=True)
    parser.fill_for = lambda words: _fill_type(parser, words, session)


def _fill_type(parser: Parser, words: Sequence[str], session: Session) -> None:
    """Add the options of the notifier type that is named."""
    type_id = _type_in(words) or _type_of_listener(parser, words, session)
    notifier = session.plugins.notifiers.get(type_id or "")
    if notifier is not None:
        options = SchemaOptions(notifier.type_id, notifier.config_schema, taken=OWN)
        options.add_to(parser, updating=True)
        parser.set_defaults(options=options, options_type=notifier.type_id)


def _type_in(words: Sequence[str]) -> str | None:
    for number, word in enumerate(words):
        if word == "--type":
            return next(iter(words[number + 1 :]), None)
        if word.startswith("--type="):
            return word.partition("=")[2]
    return None


def _type_of_listener(parser: Parser, words: Sequence[str], session: Session) -> str | None:
    """The type of the listener that is named, if there is an option that may be one of its type."""
    known = parser._option_string_actions
    names = [word.partition("=")[0] for word in words if word.startswith("--") and word != "--"]
    if all(name in known for name in names):
        return None
    values = {after for before, after in pairwise(words) if before in known and known[before].nargs is None}
    try:
        with session.open_bus("external") as bus:
            for word in words:
                if word.startswith("-") or word in values:
                    continue
                with suppress(ListenerNotFound):
                    return listener_ids.find(bus, word).notifier_type_id
    except (EventsError, UsageError):  # said once the words are parsed
        pass
    return None


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    check_span(arguments)
    listener = _listener(bus, arguments)
    found = bus.backtest(listener, since=arguments.since, until=arguments.until, sample=arguments.sample, previews=True)
    if arguments.json:
        tested = sort(TESTED, bus, found.tested, arguments)
        print_json(_for_json(found, tested, arguments.listener_id is not None))
    else:
        _show(bus, found, arguments)
    return DONE


def _listener(bus: EventBus, arguments: argparse.Namespace) -> Listener:
    """The one to be tested: as it is, as it would be, or new."""
    config = {} if arguments.options is None else arguments.options.config(arguments)
    attributes = listener_attributes.options(arguments)
    if arguments.listener_id is None:
        if arguments.type is None or arguments.event_type is None:
            raise UsageError(
                "name the listener to test, or describe a new one with --type, --event-type and its options"
            )
        config = unmasked(bus.plugins.notifier(arguments.type), config, {})
        return bus.listeners.draft(arguments.type, config, arguments.event_type, **attributes)
    listener = listener_ids.find(bus, arguments.listener_id)
    if (arguments.type or arguments.options_type) not in (None, listener.notifier_type_id):
        raise UsageError(
            f"listener {listener.id} is of type {listener.notifier_type_id}; leave out --type, and options of others"
        )
    if config:
        config = unmasked(bus.plugins.notifier(listener.notifier_type_id), config, listener.notifier_config)
    return bus.listeners.draft_update(listener.id, config or None, arguments.event_type, **attributes)


def _show(bus: EventBus, found: Backtest, arguments: argparse.Namespace) -> None:
    exists = arguments.listener_id is not None
    for line in _summary(found, exists):
        confirm(line)
    if found.tested:
        print()
        show(TESTED, bus, sort(TESTED, bus, _in_order(found), arguments), arguments)
    for each in found.previews:
        if each.text is not None:
            print(f"\n{_heading(each)}\n")
            print("\n".join(map(printable, each.text.split("\n"))))


def _summary(found: Backtest, exists: bool) -> Iterator[str]:
    counts = _counts(found)
    would = sum(number for word, number in counts.items() if word in ("both", "added", "moved"))
    yield (
        f"{would} of {count(found.looked_at, 'stored event', 'stored events')} of its types"
        f"{'' if found.listener.hears_all else ' and scope'} would be sent, "
        f"in {count(found.messages, 'message', 'messages')}"
    )
    if found.failing:
        yield f"! {count(found.failing, 'message', 'messages')} cannot be rendered"
    if found.erased:
        yield f"{count(found.erased, 'event was', 'events were')} erased, and left out"
    if found.scope_unknown:
        yield (
            f"{count(found.scope_unknown, 'event with a delivery was', 'events with a delivery were')} left out: an "
            f"earlier release stored {'it, without its' if found.scope_unknown == 1 else 'them, without their'} scope"
        )
    if found.other_scopes:
        yield (
            f"{count(found.other_scopes, 'event with a delivery is', 'events with a delivery are')} of another scope, "
            "and left out: the listener's scope or author was changed"
        )
    if not exists:
        return
    for word, texts in _MEANINGS.items():
        if counts[word]:
            yield f"{_MARKS[word]} {count(counts[word], *texts)}"
    if found.older:
        yield f"{found.older} of them {'was' if found.older == 1 else 'were'} emitted before the listener was created"


_MARKS = {"added": "+", "dropped": "-", "moved": "~", "both": "="}
_MEANINGS = {
    "added": ("would be sent, and has no delivery", "would be sent, and have no delivery"),
    "dropped": ("has a delivery, and would not be sent", "have a delivery, and would not be sent"),
    "moved": ("would be sent to other targets", "would be sent to other targets"),
    "both": ("would be sent, and has a delivery", "would be sent, and have a delivery"),
}


def _counts(found: Backtest) -> dict[str, int]:
    counts = {str(verdict): number for verdict, number in found.counts.items()}
    return {word: counts.get(word, 0) for word in _MARKS}


def _order(verdict: Verdict) -> int:
    return list(_MARKS).index(str(verdict))


def _in_order(found: Backtest) -> list[Tested]:
    return sorted(found.tested, key=lambda each: (_order(each.verdict), each.time))


def _targets(targets: Sequence[str]) -> str:
    return "no" if not targets else ", ".join(targets) or "yes"


def _deliveries(each: Tested) -> str:
    """`delivered`, or with targets `a@example.com delivered, b@example.com pending`."""
    pairs = zip(each.sent, each.states, strict=True)
    return ", ".join(f"{target} {state}".strip() for target, state in pairs) or "none"


def _heading(each: Preview) -> str:
    of = each.event_ids[0] if len(each.event_ids) == 1 else count(len(each.event_ids), "event", "events")
    return printable(f"Message{f' to {each.target}' if each.target else ''}, of {of}:")


def _for_json(found: Backtest, tested: Sequence[Tested], exists: bool) -> dict[str, Any]:
    return {
        "listener_id": found.listener.id if exists else None,
        "notifier_type_id": found.listener.notifier_type_id,
        "looked_at": found.looked_at,
        "messages": found.messages,
        "failing": found.failing,
        "counts": _counts(found),
        "erased": found.erased,
        "scope_unknown": found.scope_unknown,
        "other_scopes": found.other_scopes,
        "older": found.older if exists else 0,
        "events": [
            {
                "id": each.event_id,
                "event_type": each.event_type,
                "time": each.time,
                "verdict": str(each.verdict),
                "would": list(each.would),
                "sent": list(each.sent),
                "states": [str(state) for state in each.states],
            }
            for each in tested
        ],
        "previews": [
            {"target": each.target, "event_ids": list(each.event_ids), "text": each.text, "failed": each.failed}
            for each in found.previews
        ],
    }
