"""`pulp-admin event delivery tail`: a line for each change of a delivery, as it happens."""

from __future__ import annotations

import argparse
import select
import sys
import time
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from pulp_events.errors import ListenerNotFound
from pulp_events.outbox.following import FOLLOWED, PAGE, Following, Skipped
from pulp_events.outbox.states import State
from pulp_events_cli.commands.delivery_query import add_query, read_query
from pulp_events_cli.commands.labelled import labels_in
from pulp_events_cli.errors import DONE, UsageError
from pulp_events_cli.ids import shortening
from pulp_events_cli.output import delivery_records
from pulp_events_cli.output.delivery_tables import erased_among
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.screen import show_words
from pulp_events_cli.output.streams import warning
from pulp_events_cli.output.terminal import is_terminal
from pulp_events_cli.output.text import count, first_line, local_time, value_text
from pulp_events_cli.parser.argument_types import duration, positive
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.stopping import stoppable

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.delivery import Delivery

LAST = 10
_TOGETHER = 100
"""Lines for which it is found out together what the deliveries wait for."""
_BRIEFLY = "%m-%d %H:%M:%S"
_LOOK = 0.2
"""Seconds between questions whether anything was written."""


def fill(parser: Parser) -> None:
    """Add the options of `tail`."""
    parser.add_argument(
        "--last",
        type=_number,
        metavar="NUMBER",
        help=f"number of recent deliveries to start with, 0 for only what is new; default: {LAST}",
    )
    parser.add_argument("--for", dest="length", type=duration, metavar="DURATION", help="stop after this time")
    add_query(parser, tuple(State), until=False)
    parser.epilog = (
        f"Follows new deliveries, and of those that are there the newest {PAGE}, until you press Ctrl-C. --since "
        "starts with all deliveries of events since then, in place of the last ones, and follows them too. If more "
        f"than {FOLLOWED:,} are pending, the oldest are not followed, and a line says how many are skipped."
    )
    parser.set_defaults(run=_run, only_reads=True)


def _number(text: str) -> int:
    return 0 if text == "0" else positive(text)


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    from pulp_events.outbox.records import DeliveryQuery

    if arguments.since is not None and arguments.last is not None:
        raise UsageError("--since starts with all deliveries since then; leave out --last")
    end = None if arguments.length is None else time.monotonic() + arguments.length
    asked = read_query(bus, arguments)
    fixed = {name: asked[name] for name in ("listener_id", "event_id", "event_type") if name in asked}
    wanted = _Wanted(bus, arguments, asked.get("state"), asked.get("error"))
    following = Following(bus.outbox, DeliveryQuery(**fixed))
    bus.outbox.changed()
    with stoppable() as stopped:
        if arguments.since is not None:
            _print(bus, wanted, following.begin_in_the_past(DeliveryQuery(**fixed, since=arguments.since)), arguments)
        else:
            following.begin()
            _print(bus, wanted, _last(bus, asked, arguments), arguments)
        looking = True
        while not stopped() and not _reader_is_gone():
            looking = bus.outbox.changed() or looking
            if looking and following.is_due:
                looking = False
                _print(bus, wanted, following.look(), arguments)
                continue
            if end is not None and time.monotonic() >= end:
                break
            time.sleep(_LOOK if end is None else max(0.0, min(_LOOK, end - time.monotonic())))
    return DONE


def _last(bus: EventBus, asked: Mapping[str, Any], arguments: argparse.Namespace) -> list[Delivery]:
    """The newest that fit, oldest first."""
    from pulp_events.outbox.records import DeliveryQuery

    if arguments.last == 0:
        return []
    return bus.deliveries.list(DeliveryQuery(**asked), limit=arguments.last or LAST)[::-1]


class _Wanted:
    """What is shown of what is followed, by what may change: state and detail, or the listener's labels."""

    def __init__(self, bus: EventBus, arguments: argparse.Namespace, state: State | None, error: str | None) -> None:
        self._bus = bus
        self._labels = labels_in(arguments)
        self._type: str | None = arguments.type
        self._state = state
        self._error = None if error is None else error.lower()
        self._listeners: dict[str, bool] = {}

    def fits(self, delivery: Delivery) -> bool:
        """True if it is to be shown."""
        if self._state not in (None, delivery.state):
            return False
        if self._error is not None and self._error not in delivery.detail.lower():
            return False
        if self._type is None and not self._labels:
            return True
        found = self._listeners.get(delivery.listener_id)
        if found is None:  # also a listener that was made since the beginning
            found = self._listeners[delivery.listener_id] = self._is_wanted(delivery.listener_id)
        return found

    def _is_wanted(self, listener_id: str) -> bool:
        try:
            listener = self._bus.listeners.get(listener_id)
        except ListenerNotFound:
            return False
        return self._type in (None, listener.notifier_type_id) and all(
            key in listener.labels and value in (None, listener.labels[key]) for key, value in self._labels.items()
        )


def _print(
    bus: EventBus, wanted: _Wanted, changes: Iterable[Delivery | Skipped], arguments: argparse.Namespace
) -> None:
    left = iter(changes)
    while some := [*islice(left, _TOGETHER)]:
        shown = [one for one in some if isinstance(one, Skipped) or wanted.fits(one)]
        deliveries = [one for one in shown if not isinstance(one, Skipped)] if arguments.json else []
        waiting = bus.deliveries.waiting_for(deliveries)
        erased = erased_among(bus, deliveries)
        names = {} if arguments.json else _names(bus, shown)
        for one in shown:
            if isinstance(one, Skipped):
                _print_skipped(one, arguments)
            elif arguments.json:
                told = delivery_records.for_json(one, erased=one.id in erased, waiting=waiting.get(one.id))
                print_json(told, one_line=True)
            else:
                moment = one.finished or one.event_time
                shown_at = moment.astimezone().strftime(_BRIEFLY) if names else local_time(moment)
                listener = names.get(one.listener_id, one.listener_id)
                words = [shown_at, one.state, one.event_type, listener, one.target, first_line(one.detail)]
                show_words([text for word in words if (text := value_text(word))])


def _names(bus: EventBus, shown: Iterable[Delivery | Skipped]) -> Mapping[str, str]:
    """What listeners are called on a terminal, where a line has no room for their ids; elsewhere nothing."""
    if not is_terminal(sys.stdout):
        return {}
    ids = dict.fromkeys(one.listener_id for one in shown if not isinstance(one, Skipped))
    return {each: forms[-1] for each, forms in shortening.named_listeners(bus, list(ids)).items()}


def _print_skipped(skipped: Skipped, arguments: argparse.Namespace) -> None:
    if arguments.json:
        print_json({"skipped": skipped.count, "reason": skipped.reason}, one_line=True)
    else:
        warning(f"{count(skipped.count, 'delivery', 'deliveries')} skipped: {skipped.reason}")


def _reader_is_gone() -> bool:
    """True if nobody reads our output any more, as after `| head`: it would be noticed with the next line only."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(found & (select.POLLERR | select.POLLNVAL) for _, found in poll.poll(0))
    except (OSError, ValueError, AttributeError):  # not a file; or a system without poll
        return False
