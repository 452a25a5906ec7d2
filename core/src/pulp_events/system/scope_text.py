"""What can be a scope: a text that people tell from others by looking at it."""

from __future__ import annotations

from typing import Any

LONGEST = 200
"""Characters of a scope, and of the name of an author."""

EXPECTED = f"a line of text of at most {LONGEST} characters, without blanks at its ends, or leave it out for none"
"""What errors say of it."""

_LOOK_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters, marks and a symbol of Unicode that show nothing, and that are no white space."""


def is_scope(text: Any) -> bool:
    """Whether it can be a scope. With blanks at an end, or what looks like them, it would look like another."""
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST or not text.isprintable():
        return False
    ends = text[0] + text[-1]
    return ends.strip() == ends and not any(each in _LOOK_BLANK for each in ends)
