"""Which columns of a table a terminal has room for, and how wide each is. The only place that decides it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

BETWEEN = 2
"""Cells between two columns."""
AMPLE = 24
"""Cells up to which every text grows before one of them grows further. Times get their seconds, zones and years from
what is left when no text is cut any more."""
TIGHT = 6
"""Cells down to which a text is cut rather than leave out a column that was asked for."""


@dataclass(frozen=True)
class Wish:
    """What a column would take."""

    levels: tuple[int, ...]
    """Cells, for each of its forms, the longest first."""
    rank: int = 0
    """The highest are left out first."""
    least: int | None = None
    """Cells down to which the shortest form may be cut; None: not at all."""
    tightest: int = TIGHT
    """The same if the column was asked for."""
    last: bool = False
    """It takes a longer form only if all others have what they want."""
    implied: bool = False
    """It says nothing that was not asked for: it is left out if anything else would be cut."""

    @property
    def narrowest(self) -> int:
        """Cells below which it is left out."""
        return self.levels[-1] if self.least is None else min(self.levels[-1], self.least)


@dataclass
class Place:
    """A column that is shown."""

    column: int
    level: int
    width: int


def fit(wishes: Sequence[Wish], room: int, chosen: bool = False) -> list[Place]:
    """Places for the columns, so that together they take at most `room`, in their order.

    A column that has no room in its shortest form is left out, by rank; with `chosen`, as a person named the columns,
    texts are cut further first, and then the last named is left out. One always stays, in as much room as there is.
    """
    if not chosen and any(each.implied for each in wishes) and not all(each.implied for each in wishes):
        places = fit([replace(each, implied=False) for each in wishes], room)
        whole = len(places) == len(wishes) and all(each.width >= wishes[each.column].levels[-1] for each in places)
        return places if whole else _spared(wishes, room)
    tight = [_tight(each) for each in wishes] if chosen else list(wishes)
    if chosen and _taken([each.narrowest for each in wishes]) <= room:
        tight = list(wishes)
    shown = list(range(len(wishes)))
    while len(shown) > 1 and _taken([tight[at].narrowest for at in shown]) > room:
        shown.remove(max(shown) if chosen else max(shown, key=lambda at: (tight[at].rank, at)))
    places = [Place(at, len(tight[at].levels) - 1, tight[at].narrowest) for at in shown]
    spare = room - _taken([each.width for each in places])
    if spare < 0:
        return [Place(places[0].column, places[0].level, max(1, room))]
    _share(sorted(places, key=lambda each: (tight[each.column].rank, each.column)), tight, spare)
    return places


def _spared(wishes: Sequence[Wish], room: int) -> list[Place]:
    """Places without what is implied."""
    kept = [at for at, each in enumerate(wishes) if not each.implied]
    return [replace(each, column=kept[each.column]) for each in fit([wishes[at] for at in kept], room)]


def _share(places: Sequence[Place], wishes: Sequence[Wish], spare: int) -> None:
    """Give the columns what room is left, those of low rank first."""
    for place in places:
        spare = _grow(place, wishes[place.column], spare, AMPLE)
    for place in places:
        spare = _grow(place, wishes[place.column], spare)
    for place in places:
        if not wishes[place.column].last:
            spare = _lengthen(place, wishes[place.column], spare)
    for place in places:
        spare = _lengthen(place, wishes[place.column], spare)


def _grow(place: Place, wish: Wish, spare: int, most: int | None = None) -> int:
    """Show more of a text that is cut; returns what room is left."""
    wanted = wish.levels[place.level]
    wanted = wanted if most is None else min(wanted, most)
    more = max(0, min(spare, wanted - place.width))
    place.width += more
    return spare - more


def _lengthen(place: Place, wish: Wish, spare: int) -> int:
    """Take the longest form that there is room for; returns what room is left."""
    for level in range(place.level):
        if place.width == wish.levels[place.level] and (more := wish.levels[level] - place.width) <= spare:
            place.level, place.width = level, place.width + more
            return spare - more
    return spare


def _tight(wish: Wish) -> Wish:
    return wish if wish.least is None else replace(wish, least=min(wish.least, wish.tightest))


def _taken(widths: Sequence[int]) -> int:
    return sum(widths) + BETWEEN * (len(widths) - 1)
