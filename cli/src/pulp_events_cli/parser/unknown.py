"""What may be shown of an option that a command does not have: it may be one that it has, run into its secret."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable

from pulp_events.redaction.passwords import MASK

_ALIKE = 0.85
"""How much of a secret option's name must be there for the rest to be taken for its value."""


def shown(name: str, secret: Iterable[str]) -> str:
    """The name, without what may be the value of one of the `secret` options; a missing `=` joins the two.

    >>> shown("--passwordtr0ub4dor", ["--password"]), shown("--paswordtr0ub4dor", ["--password"])
    ('--password********', '--pas********')
    >>> shown("--pasword", ["--password"])
    '--pasword'
    """
    for option in sorted(secret, key=len, reverse=True):
        head = name[: len(option)]
        if len(name) > len(option) and difflib.SequenceMatcher(None, head, option).ratio() >= _ALIKE:
            return os.path.commonprefix([name, option]) + MASK
    return name
