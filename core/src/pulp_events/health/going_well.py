"""`degraded`: what works, and does not go well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pulp_events.health.answer import Aspect, Trouble
from pulp_events.health.overdue import MOST, overdue, rules_of
from pulp_events.health.words import named, span
from pulp_events.outbox.presence import Presence
from pulp_events.outbox.states import State
from pulp_events.plugins.registry import FUNCTION

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.records import Due, Health, Stats
    from pulp_events.outbox.store import Outbox
    from pulp_events.plugins.registry import Plugins
    from pulp_events.settings.settings import Settings


class Listeners:
    """How it stands with listeners and what is due to them; what is found is kept in it."""

    def __init__(self, listeners: Sequence[Listener], now: float, patience: float) -> None:
        self.all = listeners
        self._now = now
        self._patience = patience
        self._served = [each for each in listeners if each.enabled and not each.muted_for(now)]
        self.late: Due | None = None
        self.failing: list[Listener] = []
        self.disabled: list[Listener] = []

    def overdue(
        self, outbox: Outbox, stats: Stats, delivering: Sequence[Presence], plugins: Plugins, settings: Settings
    ) -> Iterator[Trouble]:
        """Deliveries that nobody makes, or nobody in time."""
        pending = [each for each in self._served if stats.by_listener.get(each.id, {}).get(State.PENDING)]
        types = {each for one in delivering for each in one.notifier_types} if delivering else None
        lacking: dict[str, list[Listener]] = defaultdict(list)
        here = []
        for each in pending:
            if each.notifier_type_id == FUNCTION:
                continue  # its application calls it, when it runs
            if types is not None and each.notifier_type_id not in types:
                lacking[each.notifier_type_id].append(each)
            else:
                here.append(each)
        for type_id, those in sorted(lacking.items()):
            text = f"no process that delivers has the notifier type {type_id}, so deliveries to {named(those)} wait"
            yield Trouble(Aspect.DEGRADED, "no-notifier", f"{text}; install its plugin where workers run")
        rules = rules_of(plugins, settings)
        self.late = found = overdue(here, outbox, rules, self._now, self._patience)
        if found.count:
            many = f"more than {MOST:,}" if found.count > MOST else f"{found.count}"
            what = f"{many} {'delivery is' if found.count == 1 else 'deliveries are'} overdue"
            text = f"{what}, the first for {span(found.longest)}; "
            remedy = "run more workers, or raise lanes or concurrency" if delivering else "run a worker"
            yield Trouble(Aspect.DEGRADED, "overdue", text + remedy)

    def failures(
        self, health: Mapping[str, Health], by_hand: Callable[[Sequence[Listener]], Collection[str]]
    ) -> Iterator[Trouble]:
        """Those that had no success for long, and those that were disabled for it. `by_hand`: the ids of those among
        some that somebody disabled."""
        longest = 0.0
        for each in self._served:
            found = health.get(each.id)
            since = None if found is None or not found.failures else found.failing_since
            if since is None:
                continue
            # While it was muted it could have no success.
            fails = self._now - max(since, each.muted_until or since).timestamp()
            if fails >= self._patience:
                self.failing.append(each)
                longest = max(longest, fails)
        disabled = [each for each in self.all if each.disabled_reason and not each.enabled]
        excepted = by_hand(disabled) if disabled else ()
        self.disabled = [each for each in disabled if each.id not in excepted]
        remedy = "see `pulp-admin event listener list` and `event delivery list`"
        if self.failing:
            which = "fails" if len(self.failing) == 1 else "fail"
            text = f"{named(self.failing)} {which}, for {span(longest)}"
            yield Trouble(Aspect.DEGRADED, "failing", f"{text}; {remedy}")
        if self.disabled:
            which = "was" if len(self.disabled) == 1 else "were"
            text = f"{named(self.disabled)} {which} disabled for failing"
            yield Trouble(Aspect.DEGRADED, "disabled", f"{text}; fix the endpoint, then `event listener enable`")
