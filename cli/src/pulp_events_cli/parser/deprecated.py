"""Options that go with a later release: they are in no help, and still taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pulp_events.deprecations import Deprecated
from pulp_events.system.logs import get_logger

_logger = get_logger(__name__)


def as_now(words: Sequence[str], deprecated: Mapping[str, tuple[str, Deprecated]]) -> list[str]:
    """The words with the option of today in place of each that goes, of which a warning tells.

    `deprecated`: old option → new one, and what to say.
    """
    found: list[str] = []
    ended = False
    for word in words:
        ended = ended or word == "--"
        option, equals, value = word.partition("=")
        if not ended and option in deprecated:
            new, told = deprecated[option]
            _logger.warning("%s", told)
            word = f"{new}{equals}{value}"
        found.append(word)
    return found
