"""What happened to deliveries, as a bus tells it: it knows the notifier types of listeners, which no outbox does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from pulp_events.errors import EventsError
from pulp_events.outbox import activity_by_counting
from pulp_events.outbox.activity import Activities, Activity, By, merged
from pulp_events.outbox.store import CountsWhatHappens

if TYPE_CHECKING:
    from pulp_events.outbox.store import Outbox


def activity_of(
    outbox: Outbox,
    since: datetime,
    until: datetime | None,
    by: By | str,
    listener_ids: Sequence[str] | None,
    notifiers: Mapping[str, str],
    lease: float,
) -> Activities:
    """See `Deliveries.stats`. `notifiers`: listener id → notifier type."""
    try:
        wanted = By(by)
    except ValueError:
        raise EventsError(f"by={by!r:.60} is not valid; give one of {', '.join(By)}") from None
    asked = By.LISTENER if wanted == By.NOTIFIER else wanted
    if isinstance(outbox, CountsWhatHappens):
        found = outbox.activity(since, until, asked, listener_ids, lease)
    else:
        found = activity_by_counting.activity(outbox, since, until, asked, listener_ids, lease)
    return _by_notifier(found, notifiers) if wanted == By.NOTIFIER else found


def _by_notifier(found: Activities, notifiers: Mapping[str, str]) -> Activities:
    groups: dict[str, list[Activity]] = {}
    for listener_id, each in found.groups.items():
        groups.setdefault(notifiers.get(listener_id, ""), []).append(each)
    return replace(found, by=By.NOTIFIER, groups={key: merged(groups[key]) for key in sorted(groups)})
