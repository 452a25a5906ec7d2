"""Loggers that import `logging` when there is something to log.

That import takes as long as core's records, plugins and settings together, and most runs of `pulp-admin` log nothing.
Measured as in `plugins/discovery.py`, `listener list` takes 5 % longer with it.

Every module says `_logger = get_logger(__name__)`, so that `before_first_record` holds for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import logging

_waiting: list[Callable[[], None]] = []


def get_logger(name: str) -> logging.Logger:
    """What `logging.getLogger(name)` returns, or rather something that asks for it at each use."""
    return cast("logging.Logger", _Logger(name))


def before_first_record(configure: Callable[[], None]) -> None:
    """Have `configure` called before the first record of one of these loggers: a place to add handlers late."""
    _waiting.append(configure)


def message_of(record: logging.LogRecord) -> str:
    """The message; of a record whose arguments do not fit its text, that text: somebody's mistake loses no line."""
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001  # `__str__` of anything
        return f"{record.msg!r} (its arguments do not fit: {type(error).__name__})"


class _Logger:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        import logging

        while _waiting:
            _waiting.pop()()
        return getattr(logging.getLogger(self._name), attribute)
