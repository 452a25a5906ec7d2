"""Kinds of values in tables: as a script gets them, and the shorter and shorter texts of a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pulp_events_cli.output.text import local_time, value_text

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus

_ADDRESS = r"^(?:[\w.-]+|\[[0-9A-Fa-f:.%\w]+\]):\d{1,5}: (?=\S)"
"""Whom an attempt was made at, at the beginning of what it came to."""

Forms = Mapping[str, Sequence[str]]
"""An id → the texts that stand for it on a terminal, the longest first. The commands take each of them."""


class Kind:
    """Values that are shown as they are."""

    last = False
    """True: whatever else is short gets room before these values are whole."""

    def whole(self, value: Any) -> str:
        """The text in a pipe: everything, and always the same."""
        return value_text(value)

    def levels(self, values: Sequence[Any], bus: EventBus | None) -> list[list[str]]:
        """The texts of a column on a terminal, once for each level, the longest first."""
        return [[self.whole(value) for value in values]]

    def uncut(self, values: Sequence[Any], bus: EventBus | None) -> list[str]:
        """Texts that must not lose anything although those of the column may."""
        return []

    def keys(self, values: Sequence[Any], bus: EventBus | None) -> list[Any]:
        """What to sort by in place of the values."""
        return list(values)


class Moments(Kind):
    """Times: in the local zone, then without the zone, then without what can be guessed."""

    def __init__(self, none: str = "-") -> None:
        self._none = none

    def whole(self, value: datetime | None) -> str:
        return self._none if value is None else local_time(value)

    def levels(self, values: Sequence[datetime | None], bus: EventBus | None) -> list[list[str]]:
        years = {value.astimezone().year for value in values if value is not None}
        newest = max(years, default=0)
        shorter = ["%Y-%m-%d %H:%M:%S", "%m-%d %H:%M:%S", "%m-%d %H:%M"]
        found = [[self.whole(value) for value in values]]
        for form in shorter:
            found.append([self._none if each is None else _in_form(each.astimezone(), form, newest) for each in values])
        return found


def _in_form(moment: datetime, form: str, year: int) -> str:
    # As `ls` does it: of another year, the day is enough.
    return moment.strftime(form if "%Y" in form or moment.year == year else "%Y-%m-%d")


class Ids(Kind):
    """Ids: whole, or shortened where there is no room for them."""

    last = True

    def __init__(self, forms: Callable[[EventBus, Sequence[str]], Forms]) -> None:
        self._forms = forms

    def levels(self, values: Sequence[str | None], bus: EventBus | None) -> list[list[str]]:
        assert bus is not None, "a table of ids is shown with the bus"
        known = self._forms(bus, list(dict.fromkeys(each for each in values if each)))
        return [[known[value][at] if value else self.whole(value) for value in values] for at in (0, -1)]


class NamedIds(Ids):
    """Ids of what may have a name: that stands in place of the id on a terminal, and says where it is sorted."""

    def uncut(self, values: Sequence[str | None], bus: EventBus | None) -> list[str]:
        # Part of a name can be understood, an id that is cut is good for nothing.
        shortest = self.levels(values, bus)[-1]
        return [text for value, text in zip(values, shortest, strict=True) if value and value.startswith(text)]

    def keys(self, values: Sequence[Any], bus: EventBus | None) -> list[Any]:
        return self.levels(values, bus)[0]


class Numbers(Kind):
    """Numbers with so many digits after the point."""

    def __init__(self, digits: int) -> None:
        self._digits = digits

    def whole(self, value: float | None) -> str:
        return "-" if value is None else f"{value:.{self._digits}f}"


class Details(Kind):
    """What attempts came to; with less room, without what is the same for each attempt of a listener.

    `hook.example:443: the connection failed: Connection refused` is `Connection refused` at last.
    """

    def levels(self, values: Sequence[str], bus: EventBus | None) -> list[list[str]]:
        from pulp_events.network_errors import FAILED  # it imports ssl

        whole = [self.whole(value) for value in values]
        brief = [re.sub(_ADDRESS, "", text) for text in whole]
        return [whole, brief, [text.removeprefix(FAILED).strip() or text for text in brief]]


TEXT = Kind()
DETAIL = Details()
MOMENT = Moments()
