"""Patterns over event types: the topic rules of AMQP 0-9-1 (§3.1.3.3), with `*` alone standing for every type."""

from __future__ import annotations

import re

from pulp_events.events.own_names import BY_NAME

_WORD = r"(?:[A-Za-z0-9_-]+|\*|#)"
_PATTERN = re.compile(rf"{_WORD}(?:\.{_WORD})*\Z")


def is_valid(text: str) -> bool:
    """True if `text` is an event type's name or a well-formed pattern."""
    return _PATTERN.match(text) is not None


def is_pattern(text: str) -> bool:
    """True if `text` has a wildcard."""
    return "*" in text or "#" in text


def matches(pattern: str, name: str) -> bool:
    """True if the event type `name` matches `pattern`.

    `*` alone matches every type; otherwise `*` stands for exactly one word and `#` for zero or more words. What tells
    of listeners and deliveries is matched only by a pattern that begins with its first word: see `own_names.BY_NAME`.

    >>> matches("repo.*.finish", "repo.sync.finish"), matches("repo.*", "repo.sync.finish")
    (True, False)
    >>> matches("repo.#", "repo"), matches("*", "repo.sync.finish")
    (True, True)
    >>> matches("*", "delivery.dead"), matches("delivery.*", "delivery.dead")
    (False, True)
    """
    if pattern == name:
        return True
    if name in BY_NAME and pattern[:1] in ("*", "#"):
        return False
    if pattern == "*":
        return True
    if not is_pattern(pattern):
        return False
    words = name.split(".")
    # reachable[i]: the pattern so far can consume exactly the first i words (no backtracking, so no blow-up)
    reachable = [True] + [False] * len(words)
    for part in pattern.split("."):
        if part == "#":
            first = reachable.index(True) if True in reachable else len(reachable)
            reachable = [position >= first for position in range(len(reachable))]
        else:
            reachable = [False] + [
                was and (part == "*" or part == word) for was, word in zip(reachable, words, strict=False)
            ]
    return reachable[-1]
