"""What is kept of a change of listeners: made of both records, with nothing secret in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from pulp_events.frozen import thaw
from pulp_events.listeners.document import RESTRICTED, to_document
from pulp_events.listeners.history import CONFIG, ListenerChange
from pulp_events.listeners.listener import Listener
from pulp_events.secrets import MASK
from pulp_events.system.logs import get_logger

Pair = tuple[Listener | None, Listener | None]
"""A record as it was and as it is; None: there is none."""

_logger = get_logger(__name__)


def record(
    pairs: Iterable[Pair], by: str, now: datetime, redacted: Callable[[Listener], Mapping[str, Any]]
) -> list[ListenerChange]:
    """The changes to keep. `redacted`: a configuration fit to be shown."""
    return [_change(before, after, by, now, redacted) for before, after in pairs]


def _change(
    before: Listener | None,
    after: Listener | None,
    by: str,
    now: datetime,
    redacted: Callable[[Listener], Mapping[str, Any]],
) -> ListenerChange:
    was, is_now = _shown(before, redacted), _shown(after, redacted)
    known = before or after
    assert known is not None
    hidden: tuple[str, ...] = ()
    if before is not None and after is not None and was is not None and is_now is not None:
        hidden = tuple(_hidden(before.notifier_config, after.notifier_config, was[CONFIG], is_now[CONFIG]))
    return ListenerChange(now, by, known.id, was, is_now, hidden)


def _shown(listener: Listener | None, redacted: Callable[[Listener], Mapping[str, Any]]) -> dict[str, Any] | None:
    if listener is None:
        return None
    try:
        config = dict(redacted(listener))
    except Exception:  # noqa: BLE001  # a plugin's schema: what it cannot redact must not be kept, and keeps no change up
        _logger.exception(
            "the configuration of listener %s cannot be redacted; its history has masks only", listener.id
        )
        config = dict.fromkeys(listener.notifier_config, MASK)
    document = {key: value for key, value in to_document(listener).items() if key != RESTRICTED}
    return {**document, CONFIG: thaw(config)}


def _hidden(
    before: Mapping[str, Any], after: Mapping[str, Any], was: Mapping[str, Any], is_now: Mapping[str, Any]
) -> Iterator[str]:
    """Keys whose values differ, and are shown alike."""
    for key in before.keys() & after.keys():
        if before[key] != after[key] and was.get(key) == is_now.get(key):
            yield f"{CONFIG}.{key}"
