"""`pulp-admin event delivery retry|discard|purge`: what an administrator does with many deliveries at once."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from pulp_events.outbox.states import FINISHED, State
from pulp_events_cli.commands import left_alone
from pulp_events_cli.commands.delivery_query import add_query, read_query
from pulp_events_cli.errors import DONE, CommandFailed, UsageError
from pulp_events_cli.ids import delivery_ids
from pulp_events_cli.output.asking import agreed, can_ask
from pulp_events_cli.output.progress import Progress
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.text import count
from pulp_events_cli.parser.argument_types import reason
from pulp_events_cli.parser.once import Once
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.stopping import stoppable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.delivery import Delivery
    from pulp_events.outbox.records import DeliveryQuery
    from pulp_events_cli.commands.left_alone import LeftAlone

_RETRIED = (State.DEAD, State.PENDING, State.DELIVERED)
_AGAIN = {
    State.DEAD: ("delivery is pending again", "deliveries are pending again"),
    State.PENDING: ("delivery is due now", "deliveries are due now"),
    State.DELIVERED: ("delivery is sent again", "deliveries are sent again"),
}
_WOULD = {
    State.DEAD: "would be pending again",
    State.PENDING: "would be due now",
    State.DELIVERED: "would be sent again",
}
_QUESTION = {State.DEAD: "make {} pending again", State.PENDING: "make {} due now", State.DELIVERED: "send {} again"}
_IDS_AT_ONCE = 100


def fill_retry(parser: Parser) -> None:
    """Add the options of `retry`."""
    parser.add_argument("ids", nargs="*", metavar="ID", help="ids of deliveries, in whatever state")
    add_query(parser, _RETRIED, f"; default: {State.DEAD}")
    parser.add_argument(
        "--pending",
        dest="state",
        action=Once,
        nargs=0,
        const=State.PENDING,
        help=f"the same as --state={State.PENDING}: all of them, unless other options choose",
    )
    _add_all(parser, f"all {State.DEAD} deliveries, or with --state or --pending all that are in that state")
    parser.add_argument("--again", action="store_true", help="also what was sent again before, by its latest repeat")
    _add_safety(parser)
    parser.epilog = (
        "A dead delivery becomes pending again, and its schedule starts over. A pending one is due now, whatever its "
        "schedule says, unless it is being attempted. Both keep their ids. A listener that is left alone for a while, "
        "as its endpoint failed or asked for a pause, is tried at once; mutes and rates hold. A delivered one is sent "
        "again as a delivery of its own; what is such a repeat, or was repeated before, is passed over, so that the "
        "same command continues one that was interrupted."
    )
    parser.set_defaults(run=_retry)


def fill_discard(parser: Parser) -> None:
    """Add the options of `discard`."""
    parser.add_argument("ids", nargs="*", metavar="ID", help="ids of pending deliveries")
    add_query(parser, ())
    _add_all(parser, "all pending deliveries")
    parser.add_argument(
        "--reason", type=reason, metavar="TEXT", default="discarded", help="reason, shown with the deliveries"
    )
    _add_safety(parser)
    parser.epilog = (
        "The deliveries are dead, with the reason; `delivery retry` takes them up again. Those being attempted "
        "are left alone."
    )
    parser.set_defaults(run=_discard)


def fill_purge(parser: Parser) -> None:
    """Add the options of `purge`."""
    parser.add_argument("ids", nargs="*", metavar="ID", help="ids of finished deliveries")
    add_query(parser, FINISHED)
    _add_all(parser, "all finished deliveries, or with --state all that are in that state")
    _add_safety(parser)
    parser.set_defaults(run=_purge)


def _add_safety(parser: Parser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="only say how many there are")
    parser.add_argument(
        "--yes",
        action="store_true",
        help="do not ask on a terminal, after saying how many there are, whether to go on; elsewhere, such as in a "
        "pipe or a timer, nothing is asked",
    )


def _add_all(parser: Parser, text: str) -> None:
    parser.add_argument("--all", action="store_true", help=text)


def _retry(bus: EventBus, arguments: argparse.Namespace) -> int:
    queries: list[DeliveryQuery] = []
    for query in _chosen(bus, arguments, "", "retry"):
        queries += [query] if query.ids is None else _by_state(bus, query)
    queries = [replace(query, state=query.state or State.DEAD) for query in queries]
    again = arguments.again or bool(arguments.ids)

    def number() -> int:
        return sum(bus.deliveries.count_retried(query, again=again) for query in queries)

    if arguments.dry_run:
        apart = left_alone.of_retry(bus, queries, again)
        states = {query.state for query in queries}
        would = _WOULD[states.pop() or State.DEAD] if len(states) == 1 else "would be delivered again"
        return _would(arguments, "retry", number(), would, apart)
    _ask(arguments, number, _QUESTION[queries[0].state or State.DEAD] if queries else "deliver {} again")
    apart = left_alone.of_retry(bus, queries, again)
    done, interrupted = _page_by_page(
        [(query, lambda query=query: bus.deliveries.retry(query, again=again)) for query in queries], "retry", number
    )
    if arguments.json:
        print_json({"retry": sum(done.values()), **apart.for_json(), "dry_run": False, "interrupted": interrupted})
    else:
        for state in dict.fromkeys(query.state for query in queries):
            assert state is not None
            confirm(count(done.get(state, 0), *_AGAIN[state]))
        apart.say()
    return _end(sum(done.values()), interrupted)


def _by_state(bus: EventBus, query: DeliveryQuery) -> Iterator[DeliveryQuery]:
    """Ids of deliveries in various states."""
    for state in _RETRIED:
        found = bus.deliveries.list(replace(query, state=state), limit=_IDS_AT_ONCE)
        if found:
            yield replace(query, state=state, ids=[each.id for each in found])


def _latest(bus: EventBus, delivery: Delivery, again: bool) -> Delivery:
    """The last of its repeats, itself where there is none. Raises CommandFailed where that is not `again` wanted."""
    repeats = {each.repeat_of: each for each in bus.outbox.of_event(delivery.event_id) if each.repeat_of is not None}
    last = delivery
    while last.id in repeats:  # each repeats an older one
        last = repeats.pop(last.id)
    if last.id != delivery.id and not again:
        raise CommandFailed(
            f"delivery {delivery.id} was sent again already, and is now {last.id}, which is {last.state}; retry that "
            f"one, or give --again; nothing was changed"
        )
    return last


def _discard(bus: EventBus, arguments: argparse.Namespace) -> int:
    queries = [replace(query, state=State.PENDING) for query in _chosen(bus, arguments, State.PENDING, "discard")]

    def number() -> int:
        return sum(bus.deliveries.count_discarded(query) for query in queries)

    if arguments.dry_run:
        return _would(arguments, "discard", number(), "would be discarded", left_alone.of_discard(bus, queries))
    _ask(arguments, number, "discard {}")
    apart = left_alone.of_discard(bus, queries)
    done, interrupted = _page_by_page(
        [(query, lambda query=query: bus.deliveries.discard(query, arguments.reason)) for query in queries],
        "discard",
        number,
    )
    total = sum(done.values())
    if arguments.json:
        print_json({"discard": total, **apart.for_json(), "dry_run": False, "interrupted": interrupted})
    else:
        confirm(f"{count(total, 'delivery', 'deliveries')} discarded")
        apart.say()
    return _end(total, interrupted)


def _purge(bus: EventBus, arguments: argparse.Namespace) -> int:
    queries = [*_chosen(bus, arguments, "finished", "purge")]

    def number() -> int:
        return sum(
            bus.deliveries.count(replace(query, state=state))
            for query in queries
            for state in ((query.state,) if query.state else FINISHED)
        )

    if arguments.dry_run:
        return _would(arguments, "purge", number(), "would be deleted")
    _ask(arguments, number, "delete {}")
    done, interrupted = _page_by_page(
        [(query, lambda query=query: bus.deliveries.purge(query)) for query in queries], "purge", number
    )
    total = sum(done.values())
    if arguments.json:
        print_json({"purge": total, "dry_run": False, "interrupted": interrupted})
    else:
        confirm(f"{count(total, 'delivery', 'deliveries')} deleted")
    return _end(total, interrupted)


def _page_by_page(
    changes: Sequence[tuple[DeliveryQuery, Callable[[], Iterator[int]]]], verb: str, total: Callable[[], int]
) -> tuple[dict[State | None, int], bool]:
    """Page after page, so that other processes get their turn, and Ctrl-C ends it between two.

    Returns how many were changed, by the state that was asked for, and whether it was interrupted.
    """
    done: dict[State | None, int] = {}
    with stoppable() as stopped, Progress(f"{verb}: deliveries", total) as progress:
        for query, change in changes:
            for changed in change():
                done[query.state] = done.get(query.state, 0) + changed
                progress.show(sum(done.values()))
                if stopped():
                    break
            if stopped():
                break
        return done, stopped()


def _would(arguments: argparse.Namespace, verb: str, number: int, text: str, apart: LeftAlone | None = None) -> int:
    if arguments.json:
        counts = apart.for_json() if apart else {}
        print_json({verb: number, **counts, "dry_run": True, "interrupted": False})
    else:
        confirm(f"{count(number, 'delivery', 'deliveries')} {text}")
        if apart:
            apart.say()
    return DONE


def _ask(arguments: argparse.Namespace, number: Callable[[], int], question: str) -> None:
    """Whether to go on, where somebody is there to say; not about deliveries that were named one by one."""
    if arguments.yes or arguments.ids or not can_ask():
        return
    found = number()
    if found and not agreed(f"{question.format(count(found, 'delivery', 'deliveries')).capitalize()}?"):
        raise CommandFailed("nothing was changed")


def _end(done: int, interrupted: bool) -> int:
    if interrupted:
        raise CommandFailed(
            f"interrupted after {count(done, 'delivery', 'deliveries')}; run the same command to continue"
        )
    return DONE


def _chosen(bus: EventBus, arguments: argparse.Namespace, what: str, verb: str) -> Iterator[DeliveryQuery]:
    """The queries that a command line stands for. `what`: the state that the deliveries are to be in."""
    from pulp_events.outbox.records import DeliveryQuery

    filters = read_query(bus, arguments)
    # In which state does not choose some of those that there are: it says what all of them are.
    some = filters.keys() - {"state"} if arguments.all else filters
    if sum(map(bool, (arguments.ids, some, arguments.all))) != 1:
        raise UsageError(
            f"choose the {what + ' ' if what else ''}deliveries to {verb} in one way: by id, with options such as "
            "--listener-id or --since, or with --all"
        )
    if not arguments.ids:
        yield DeliveryQuery(**filters)
        return
    chosen = []
    for text in arguments.ids:
        delivery = delivery_ids.find(bus, text)
        if delivery.state not in {State.PENDING: (State.PENDING,), "finished": FINISHED}.get(what, _RETRIED):
            raise CommandFailed(
                f"delivery {delivery.id} is {delivery.state}; only {what} deliveries can be chosen; nothing was changed"
            )
        if verb == "retry" and bus.events.get(delivery.event_id).erased:
            raise CommandFailed(
                f"the event of delivery {delivery.id} was erased: there is nothing to send; nothing was changed"
            )
        if verb == "retry":
            delivery = _latest(bus, delivery, arguments.again)
        chosen.append(delivery.id)
    chosen = [*dict.fromkeys(chosen)]
    for start in range(0, len(chosen), _IDS_AT_ONCE):
        yield DeliveryQuery(ids=chosen[start : start + _IDS_AT_ONCE])
