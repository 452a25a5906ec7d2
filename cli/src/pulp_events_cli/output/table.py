"""A list as a table. Its columns are declared once, for pipes, terminals of any width, `--columns` and `--sort`.

    TABLE = Table(
        "deliveries",
        Column("id", lambda each: each.id, kind=delivery_ids.KIND, rank=0),
        Column("state", lambda each: each.state, rank=1),
        Column("detail", lambda each: each.detail, rank=5, least=12),
        Column("source", lambda each: each.source, extra=True),
    )

The command's `fill` calls `add_table(parser, TABLE)`, its `run` ends with
`return show_list(TABLE, bus, found, arguments, for_json)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pulp_events_cli.output.kinds import TEXT, Kind

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus


class Column(NamedTuple):
    """One column."""

    name: str
    """What `--columns` and `--sort` call it: words joined by `_`, that of `--json` where it is the same thing."""
    value: Callable[[Any], Any]
    """Finds its value in a row: as it is, not as text, so that it can be sorted by."""
    heading: str | None = None
    """None: the name in capitals."""
    kind: Kind = TEXT
    rank: int = 5
    """Where there is no room, columns with the highest rank are left out first; 0: identifies the row."""
    rank_in: Callable[[Sequence[Any]], int] | None = None
    """Its rank where that depends on the rows."""
    least: int | None = None
    """Cells down to which its texts may be cut. None: never, as for what is copied, and what means something else then.
    A text that ends with a remedy is not cut but wrapped, see `wraps`."""
    cut_start: bool = False
    """They lose their beginnings then, as the ends say more."""
    wraps: bool = False
    """Its texts go on in the next line instead of being cut; for prose of which the end matters."""
    brief_heading: str | None = None
    """A heading for narrow terminals."""
    right: bool = False
    """Numbers, which stand below each other on a terminal."""
    implied: bool = False
    """Each row has what the options asked for; see `Table.implying`."""
    extra: bool = False
    """Shown only if `--columns` names it."""
    largest_first: bool = False
    """Sorted from the largest value to the smallest, and with `-` the other way: for numbers of which people look for
    the worst."""

    @property
    def title(self) -> str:
        """Its heading."""
        return self.name.replace("_", " ").upper() if self.heading is None else self.heading


class Table:
    """The columns of a list, in their order. `what`: what its rows are, in plural."""

    def __init__(self, what: str, *columns: Column) -> None:
        self.what = what
        self.columns = {each.name: each for each in columns}
        assert len(self.columns) == len(columns), "two columns have the same name"

    def chosen(self, names: Sequence[str] | None) -> list[Column]:
        """The columns with these names, in that order; None: those that are shown if nobody chooses."""
        if names is None:
            return [each for each in self.columns.values() if not each.extra]
        return [self.columns[name] for name in names]

    def implying(self, *names: str) -> Table:
        """The same table where the options of the command say what stands in these columns: on a terminal, they are the
        first to be left out."""
        columns = self.columns.values()
        return Table(self.what, *(each._replace(implied=True) if each.name in names else each for each in columns))

    def sort(self, rows: Iterable[Any], order: str | None, bus: EventBus | None = None) -> list[Any]:
        """The rows by a column, with `-` before its name the other way round; without a value come last.

        None: as they are. Rows with the same value stay in their order.
        """
        found = list(rows)
        if order is None:
            return found
        column = self.columns[order.removeprefix("-")]
        keys = column.kind.keys([column.value(each) for each in found], bus)
        known = [at for at, key in enumerate(keys) if key not in (None, "")]
        known.sort(key=lambda at: _comparable(keys[at]), reverse=order.startswith("-") != column.largest_first)
        there = set(known)
        return [found[at] for at in [*known, *(at for at in range(len(found)) if at not in there)]]


def _comparable(key: Any) -> Any:
    # Values of one column are of one type, but for texts that stand in for some: those come after them.
    if isinstance(key, bool | int | float):
        return 0, key, ""
    if hasattr(key, "timestamp"):
        return 0, key.timestamp(), ""
    if isinstance(key, list | tuple):
        key = ", ".join(map(str, key))
    return 1, 0, (str(key).casefold(), str(key))


class Shape(NamedTuple):
    """A column in one of its forms: the heading and the text of each row."""

    heading: str
    texts: Sequence[str]


class Filled(NamedTuple):
    """A column with its values."""

    column: Column
    values: Sequence[Any]

    def whole(self) -> Shape:
        """As it stands in a pipe."""
        return Shape(self.column.title, [_text(self.column.kind.whole(value)) for value in self.values])

    def shapes(self, bus: EventBus | None) -> list[Shape]:
        """As it may stand on a terminal, the longest first."""
        levels = self.column.kind.levels(self.values, bus)
        found = [Shape(self.column.title, list(map(_text, texts))) for texts in levels]
        if self.column.brief_heading is not None:
            found.append(Shape(self.column.brief_heading, found[-1].texts))
        return found


def _text(text: str) -> str:
    return text or "-"


def fill_in(columns: Sequence[Column], rows: Iterable[Any], keep_empty: bool) -> list[Filled]:
    """The columns with the values of the rows, without those that are empty in every row."""
    found = list(rows)
    filled = [Filled(_ranked(column, found), [column.value(row) for row in found]) for column in columns]
    return [each for each in filled if keep_empty or any(text != "-" for text in each.whole().texts)]


def _ranked(column: Column, rows: Sequence[Any]) -> Column:
    return column if column.rank_in is None else column._replace(rank=column.rank_in(rows))
