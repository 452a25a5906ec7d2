"""What should have been attempted by now: what is due, less what waits for a reason all the same.

A listener's mute, hold, order, rate and window are asked for once for all of them, and only what is left is counted, so
that it costs the same however much is pending.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pulp_events.errors import EventsError
from pulp_events.listeners.notifier_config import window
from pulp_events.listeners.untrusted import Limits
from pulp_events.outbox.rate import SLACK, Rate, credible, tokens
from pulp_events.outbox.records import Due

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.standing import Standing
    from pulp_events.plugins.registry import Plugins
    from pulp_events.settings.settings import Settings

PATIENCE = 60.0
"""Seconds for which something may be due before it is worth a word: workers are being started, or a script ran."""
MOST = 1000
"""Deliveries that are counted, at most."""


class Asked(Protocol):
    """The two questions to an outbox."""

    def due(self, listener_ids: Sequence[str], most: int, /) -> Due:
        """See `Outbox.due`."""

    def standing(self, listener_ids: Sequence[str], with_first: Sequence[str] = (), /) -> Mapping[str, Standing]:
        """See `Outbox.standing`."""


@dataclass(frozen=True)
class Rules:
    """What holds for a listener, where its record does not say it alone."""

    window: Callable[[Listener], float]
    """Seconds of its window; 0 if there is none, or nobody here knows."""
    rate: Callable[[Listener], str | None]
    lanes: int
    """Of listeners that have no number of their own."""


def rules_of(plugins: Plugins, settings: Settings) -> Rules:
    """What holds by these settings, as far as the notifiers are installed here."""

    def seconds(listener: Listener) -> float:
        notifier = plugins.notifiers.get(listener.notifier_type_id)
        try:
            return 0.0 if notifier is None else window(notifier, listener.notifier_config) or 0.0
        except EventsError:
            return 0.0

    return Rules(seconds, Limits(settings).rate, int(settings.section("delivery")["lanes"]))


def overdue(served: Sequence[Listener], outbox: Asked, rules: Rules, now: float, patience: float = PATIENCE) -> Due:
    """The deliveries to these listeners that could have been attempted `patience` seconds ago, and since when the first
    could. `now`: seconds since the epoch."""
    in_order = [each.id for each in served if (each.lanes or rules.lanes) == 1]
    standing = outbox.standing([each.id for each in served], in_order)
    total, plain = Due(0, 0.0), defaultdict[float, list[str]](list)
    for each in served:
        stands = standing.get(each.id)
        if _free_for(each, stands, now) < patience:
            continue
        rate, window = rules.rate(each), rules.window(each)
        if stands is not None and (each.id in in_order or (rate is not None and stands.spent_until is not None)):
            total = _sum(total, _of_one(each.id, stands, rate, window, outbox, now, patience))
        else:
            plain[window].append(each.id)
    for window, ids in plain.items():
        total = _sum(total, _late(outbox.due(ids, MOST + 1), window, patience))
    return total


def _free_for(listener: Listener, stands: Standing | None, now: float) -> float:
    """Seconds since its mute, and what held it up, ended; below 0 where that is still to come."""
    ends = [0.0 if listener.muted_until is None else listener.muted_until.timestamp()]
    if stands is not None and stands.hold is not None:
        ends.append(stands.hold.until)
    return now - max(ends)


def _of_one(
    listener_id: str, stands: Standing, rate: str | None, window: float, outbox: Asked, now: float, patience: float
) -> Due:
    """Of a listener whose deliveries are made one after the other, or at a rate."""
    most, since = MOST + 1, 0.0
    if stands.first is not None:  # the others wait for it
        most = 1
        since = 0.0 if stands.first_due is None else stands.first_due.timestamp()
    if rate is not None and stands.spent_until is not None:
        each = Rate.of(rate).each
        spent = credible(stands.spent_until, each, now)
        most, since = min(most, tokens(spent, each, now)), max(since, spent - SLACK)
    if most < 1 or now - since < patience:
        return Due(0, 0.0)
    found = _late(outbox.due([listener_id], most), window, patience)
    return Due(found.count, min(found.longest, now - since))


def _late(found: Due, window: float, patience: float) -> Due:
    """What leaves with others waits for the end of their window."""
    return Due(found.count, found.longest - window) if found.longest >= window + patience else Due(0, 0.0)


def _sum(one: Due, other: Due) -> Due:
    return Due(one.count + other.count, max(one.longest, other.longest))
