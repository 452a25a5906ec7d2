"""Who is there to make the deliveries, with which versions, and is anything due that nobody makes?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

from pulp_events.health.overdue import MOST, Asked, overdue, rules_of
from pulp_events.listeners.waiting import elsewhere
from pulp_events.plugins.registry import FUNCTION, Plugins
from pulp_events_cli.health.naming import called
from pulp_events_cli.output.findings import NOTE, OK, PROBLEM, Finding
from pulp_events_cli.output.text import count, local_time, span

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.presence import Presence
    from pulp_events.outbox.records import Due
    from pulp_events.settings.settings import Settings

WHAT = "workers"
_NAMED = 3
"""Processes or listeners that are named, at most."""


def check(
    plugins: Plugins,
    settings: Settings,
    listeners: Sequence[Listener],
    presences: Sequence[Presence],
    outbox: Asked,
    now: float,
) -> Iterator[Finding]:
    """Findings on the processes at work. `now`: seconds since the epoch, by which mutes end."""
    served = [each for each in listeners if each.enabled and not each.muted_for(now)]
    delivering = [each for each in presences if each.delivers and not each.gone]
    if delivering:
        kinds: dict[str, int] = defaultdict(int)
        for each in delivering:
            kinds[each.kind] += 1
        told = " and ".join(count(number, kind, f"{kind}s") for kind, number in sorted(kinds.items(), reverse=True))
        yield Finding(OK, WHAT, f"{told} {'deliver' if len(delivering) > 1 else 'delivers'}")
        yield from _types(served, delivering)
    else:
        here = [each for each in served if elsewhere(each, plugins.notifiers) is None]
        yield from _nobody(overdue(here, outbox, rules_of(plugins, settings), now), presences)
    yield from _versions([each for each in presences if not each.gone])


def _nobody(late: Due, presences: Sequence[Presence]) -> Iterator[Finding]:
    """Nobody delivers, which is only wrong if there is something to deliver."""
    number, longest = late.count, late.longest
    if not number:
        return
    many = f"more than {MOST:,}" if number > MOST else str(number)
    what = f"{many} {'delivery is' if number == 1 else 'deliveries are'} due"
    seen = max((each.last_seen for each in presences if each.delivers), default=None)
    last = f"was seen since {local_time(seen)}" if seen is not None else "is known"
    text = f"{what}, the first for {span(longest)}, and no worker {last}; start one: `pulp-admin event worker`"
    yield Finding(PROBLEM, WHAT, text)


def _types(served: Sequence[Listener], delivering: Sequence[Presence]) -> Iterator[Finding]:
    """Notifier types that listeners need, and which workers do not have."""
    needed: dict[str, list[str]] = defaultdict(list)
    for each in served:
        if each.notifier_type_id != FUNCTION:  # which its application has, and nobody else
            needed[each.notifier_type_id].append(called(each))
    for type_id, names in sorted(needed.items()):
        lacking = [each for each in delivering if type_id not in each.notifier_types]
        who = _listed(names, "listener", "listeners")
        if len(lacking) == len(delivering):
            text = f"no worker has the notifier type {type_id}, and the deliveries of {who} wait"
            yield Finding(PROBLEM, WHAT, f"{text}; install its plugin where workers run, and restart them")
        elif lacking:
            text = f"{_listed(map(_name, lacking), 'process', 'processes')} without the notifier type {type_id} leave"
            text += f" the deliveries of {who} to others; install its plugin there, and restart"
            yield Finding(NOTE, WHAT, text)


def _versions(present: Sequence[Presence]) -> Iterator[Finding]:
    """Different releases of pulp-events on one outbox."""
    by_version: dict[str, list[str]] = defaultdict(list)
    for each in present:
        by_version[each.version].append(_name(each))
    own = version("pulp-events")
    if present and (len(by_version) > 1 or own not in by_version):
        told = ", ".join(
            f"{each} ({_listed(names, 'process', 'processes')})" for each, names in sorted(by_version.items())
        )
        text = f"different versions of pulp-events are at work: {told}; this command has {own}; restart the older ones"
        yield Finding(NOTE, WHAT, text)


def _name(each: Presence) -> str:
    return f"{each.pid} on {each.host}"


def _listed(names: Iterable[str], one: str, many: str) -> str:
    """`listener a`, `listeners a, b, c and 4 others`."""
    every = [*names]
    shown = ", ".join(every[:_NAMED])
    more = len(every) - _NAMED
    noun = one if len(every) == 1 else many
    return f"{noun} {shown}" + (f" and {count(more, 'other', 'others')}" if more > 0 else "")
