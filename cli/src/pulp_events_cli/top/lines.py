"""Lines of a screen: pieces of text with what each of them is, cut and filled to a width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, chop_cells, set_cell_size

from pulp_events.visible import one_line, visible

Piece = tuple[str, str]
"""A text, and what it is: a key of `STYLES`, or empty."""
Line = Sequence[Piece]

STYLES = {
    "title": "bold",
    "heading": "bold",
    "sorted": "bold underline",
    "label": "dim",
    "dim": "dim",
    "good": "green",
    "note": "yellow",
    "bad": "bold red",
    "chosen": "reverse",
    "chosen bad": "bold red reverse",
    "key": "bold cyan",
}
"""What a piece is → how it looks where there are colours."""
ELLIPSIS = "…"


def width_of(line: Line) -> int:
    """Columns that it takes."""
    return sum(cell_len(text) for text, _ in line)


def cut(text: str, width: int) -> str:
    """The text in one line of at most `width` columns, its end left out where it is longer."""
    text = one_line(text)
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + ELLIPSIS if width > 1 else ELLIPSIS[:width]


def filled(text: str, width: int, right: bool = False) -> str:
    """The text in exactly `width` columns."""
    text = cut(text, width)
    space = " " * (width - cell_len(text))
    return space + text if right else text + space


def fit(line: Line, width: int) -> Line:
    """The line in at most `width` columns, and nothing in it that a terminal would obey."""
    made: list[Piece] = []
    room = width
    for piece, style in line:
        text = visible(piece)
        if cell_len(text) > room:
            if room > 0:
                made.append((cut(text, room), style))
            break
        made.append((text, style))
        room -= cell_len(text)
    return made


def spread(left: Line, right: Line, width: int) -> Line:
    """Both, at the two ends of a line; without the right one where there is no room."""
    gap = width - width_of(left) - width_of(right)
    return fit(left, width) if gap < 1 else [*left, (" " * gap, ""), *right]


def as_far_as_fit(parts: Iterable[Line], width: int, between: str = "  ") -> Line:
    """Parts beside each other; the first one that has no room, and those after it, are left out."""
    made: list[Piece] = []
    for part in parts:
        gap = between if made else ""
        if width_of(made) + len(gap) + width_of(part) > width:
            break
        made += [(gap, ""), *part] if gap else part
    return made or [("", "")]


def wrapped(text: str, width: int) -> list[str]:
    """A text of several lines, those that are too long continued in the next, between words if they can be."""
    made: list[str] = []
    for line in text.split("\n"):
        rest = one_line_kept(line)
        while cell_len(rest) > width:
            part = chop_cells(rest, max(1, width))[0]
            space = part.rfind(" ", len(rest) - len(rest.lstrip()) + 1)
            end = space if space > len(part) // 2 else len(part)
            made.append(rest[:end].rstrip())
            rest = rest[end:].lstrip()
        made.append(rest)
    return made


def one_line_kept(line: str) -> str:
    """A line whose white space stays, for indented text."""
    indent = len(line) - len(line.lstrip(" "))
    return " " * indent + one_line(line)


def marked(line: Line, style: str) -> Line:
    """The whole line in one style."""
    return [("".join(text for text, _ in line), style)]


def plain(lines: Iterable[Line]) -> str:
    """The texts alone."""
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines)
