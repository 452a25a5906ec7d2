"""Did you mean …?"""

from __future__ import annotations

from collections.abc import Iterable

LIKENESS = 0.65
"""How alike two words must be, by the measure of difflib: `lees` and `lease` are (0.67), `bogus` and `columns` are not
(0.5)."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'list'?` where a known word is close to `word`, else nothing. The dashes that every option begins
    with make no two of them alike."""
    import difflib  # errors only

    bare = {each.lstrip("-"): each for each in known}
    close = difflib.get_close_matches(word.lstrip("-"), bare, n=1, cutoff=LIKENESS)
    return f"; did you mean {bare[close[0]]!r}?" if close else ""
