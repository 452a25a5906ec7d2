"""Methods of a notifier that were meant to override one of `Notifier`, by their looks."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterator

from pulp_events.notifier import Notifier
from pulp_events.plugins.method_checks import CALLED

_ALIKE = 0.85
"""Ratio of `difflib` from which on a name may be another one misspelt: `limits` is, `open_all` is not `open`."""


def misspelt_overrides(notifier: Notifier) -> Iterator[str]:
    """Hints, as a notifier may have any methods of its own: each is public, has nearly the name of a method that is not
    overridden, and takes what that one is called with."""
    kind = type(notifier)
    missing = [name for name in CALLED if getattr(kind, name) is getattr(Notifier, name)]
    own = {name for each in kind.__mro__ if not issubclass(Notifier, each) for name in vars(each)}
    for name in sorted(own):
        if name.startswith("_") or hasattr(Notifier, name) or not inspect.isfunction(getattr(kind, name)):
            continue
        for meant in difflib.get_close_matches(name, missing, n=1, cutoff=_ALIKE):
            if _takes_the_same(notifier, name, meant):
                yield f"{name}() overrides nothing; if {meant}() is meant, which is not overridden, rename it"


def _takes_the_same(notifier: Notifier, name: str, meant: str) -> bool:
    names = [*inspect.signature(getattr(Notifier, meant)).parameters][1:]
    try:
        inspect.signature(getattr(notifier, name)).bind(*names)
    except (TypeError, ValueError):
        return False
    return True
