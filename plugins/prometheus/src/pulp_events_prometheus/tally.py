"""Counters that only grow, from a store that forgets.

A store counts what happens in pieces of time, and drops them when they are old: their sum goes down. And listeners are
deleted, whose counts would disappear from a sum. A counter that goes down looks to Prometheus as if it had begun again
from 0, and all that it holds as if it had just happened. So a `Tally` keeps what was counted up to the beginning of a
day; what happened since is asked for each time.

Pure: nothing here knows a file, a bus or a clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulp_events_prometheus.words import Counts, of_listener, of_type


@dataclass(frozen=True)
class Member:
    """A listener, as its counts are told."""

    notifier: str
    named: bool
    """It has series of its own; otherwise its counts are among those of `other`."""


@dataclass
class Tally:
    """What was counted until `through`, and of whom."""

    through: float
    """Seconds since the epoch: the beginning of a day. Everything before it is in here."""
    members: dict[str, Member] = field(default_factory=dict)
    """By listener id."""
    listeners: dict[str, Counter[str]] = field(default_factory=dict)
    """Of those that are named, by id."""
    others: dict[str, Counter[str]] = field(default_factory=dict)
    """Of all others together, by notifier type."""
    types: dict[str, Counter[str]] = field(default_factory=dict)
    """Seconds of all, by notifier type."""

    def copy(self) -> Tally:
        """One that can be changed."""
        groups = ({key: Counter(counts) for key, counts in each.items()} for each in self._groups)
        return Tally(self.through, dict(self.members), *groups)

    @property
    def _groups(self) -> tuple[dict[str, Counter[str]], ...]:
        return self.listeners, self.others, self.types

    def settle(self, wanted: Mapping[str, Member], live: Mapping[str, Counts]) -> bool:
        """Take who joined, left or was moved into account, so that no sum goes down; True if anything changed.

        `wanted`: all listeners that there are. `live`: what was counted since `through`, by listener id.
        """
        changed = False
        for listener_id, was in list(self.members.items()):
            now, counts = wanted.get(listener_id), live.get(listener_id, {})
            if now == was:
                continue
            changed = True
            if was.named:
                self.listeners.pop(listener_id, None)
            else:
                _add(self.others, was.notifier, of_listener(counts))
            if now is None:
                _add(self.types, was.notifier, of_type(counts))
                del self.members[listener_id]
                continue
            if not now.named:  # its past is no news of the others
                _add(self.others, now.notifier, of_listener(counts), -1)
            self.members[listener_id] = now
        for listener_id, now in wanted.items():
            if listener_id not in self.members:
                self.members[listener_id] = now
                changed = True
        return changed

    def advance(self, through: float, between: Mapping[str, Counts]) -> None:
        """Keep what was counted `between` the moment of before and this one, which is over for good."""
        for listener_id, counts in between.items():
            self._put(listener_id, counts)
        self.through = through

    def sums(self, live: Mapping[str, Counts]) -> Tally:
        """With what was counted since."""
        total = self.copy()
        for listener_id, counts in live.items():
            total._put(listener_id, counts)
        return total

    def raise_to(self, shown: Tally, sums: Tally) -> bool:
        """Add what `sums` lacks of what was `shown` before: the store was replaced by an older one, say.

        True if anything changed, in here and in `sums`.
        """
        changed = False
        for mine, theirs, before in (
            (self.listeners, sums.listeners, shown.listeners),
            (self.others, sums.others, shown.others),
            (self.types, sums.types, shown.types),
        ):
            for key, counts in before.items():
                if mine is self.listeners and not self._names(key):
                    continue
                for word, count in counts.items():
                    lack = count - theirs.get(key, Counter())[word]
                    if lack > 0:
                        changed = True
                        _add(mine, key, {word: lack})
                        _add(theirs, key, {word: lack})
        return changed

    def _names(self, listener_id: str) -> bool:
        member = self.members.get(listener_id)
        return member is not None and member.named

    def _put(self, listener_id: str, counts: Counts) -> None:
        member = self.members.get(listener_id)
        if member is None:
            return
        if member.named:
            _add(self.listeners, listener_id, of_listener(counts))
        else:
            _add(self.others, member.notifier, of_listener(counts))
        _add(self.types, member.notifier, of_type(counts))

    def to_json(self) -> dict[str, Any]:
        """For a file."""
        return {
            "through": self.through,
            "members": {key: [each.notifier, int(each.named)] for key, each in self.members.items()},
            "listeners": self.listeners,
            "others": self.others,
            "types": self.types,
        }

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Tally:
        """From that. Raises ValueError, KeyError, TypeError or AttributeError for anything else."""

        def counters(name: str) -> dict[str, Counter[str]]:
            return {
                str(key): Counter({str(word): int(count) for word, count in counts.items()})
                for key, counts in found[name].items()
            }

        members = {str(key): Member(str(notifier), bool(named)) for key, (notifier, named) in found["members"].items()}
        return cls(float(found["through"]), members, counters("listeners"), counters("others"), counters("types"))


def _add(counters: dict[str, Counter[str]], key: str, counts: Counts, sign: int = 1) -> None:
    if counts:
        counter = counters.setdefault(key, Counter())
        for word, count in counts.items():
            counter[word] += sign * count
