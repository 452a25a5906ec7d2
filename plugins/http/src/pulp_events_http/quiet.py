"""Keeps what may be secret in a URL out of urllib3's log.

urllib3 logs each request's target, its query included (at DEBUG, and with a receiver's malformed headers at WARNING).
"""

from __future__ import annotations

import logging
import threading

from pulp_events.secrets import MASK


class TargetFilter(logging.Filter):
    """Masks the queries of the targets that it was told of; other users of urllib3 see no difference."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._hidden: dict[str, int] = {}

    def hide(self, target: str) -> None:
        """From now on the query of `target` is masked; call `show` once for each call."""
        with self._lock:
            self._hidden[target] = self._hidden.get(target, 0) + 1

    def show(self, target: str) -> None:
        """Undo one `hide`."""
        with self._lock:
            count = self._hidden.get(target, 0) - 1
            if count > 0:
                self._hidden[target] = count
            else:
                self._hidden.pop(target, None)

    def filter(self, record: logging.LogRecord) -> bool:
        """Masks; always True but for what a receiver sent in place of headers, which may repeat our credentials."""
        if isinstance(record.args, tuple) and record.args:
            if str(record.msg).startswith("Failed to parse headers"):
                return not any(str(record.args[0]).endswith(target) for target in tuple(self._hidden))
            record.args = tuple(self._masked(value) if isinstance(value, str) else value for value in record.args)
        return True

    def _masked(self, value: str) -> str:
        for target in tuple(self._hidden):
            path, mark, _ = target.partition("?")
            if mark and target in value:
                value = value.replace(target, f"{path}?{MASK}")
        return value


TARGETS = TargetFilter()
for _name in ("urllib3.connectionpool", "urllib3.connection"):
    logging.getLogger(_name).addFilter(TARGETS)
