"""`bus.explain`: who would get an event, and why or why not, without emitting it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulp_events.bus.audience import SKIPPED
from pulp_events.bus.emitter import Emitter, check_scope
from pulp_events.events import pattern
from pulp_events.events.event import Event
from pulp_events.listeners.filters import judge
from pulp_events.listeners.hearing import wrong_scope
from pulp_events.listeners.listener import Listener
from pulp_events.listeners.muting import said
from pulp_events.listeners.waiting import disabled, limits_of, wait_of
from pulp_events.notifier import Notifier
from pulp_events.plugins.registry import Plugins

YES, LATER, NO = "yes", "later", "no"


@dataclass(frozen=True)
class Explanation:
    """What would become of one event for one listener."""

    listener: Listener

    gets: str
    """`yes`: it is delivered at once; `later`: it is stored and waits; `no`: it does not concern the listener, or is
    recorded as dead at once."""

    cause: str
    """What decides: `event type`, `scope`, `filter`, `disabled`, `muted`, `notifier`, or `all` where nothing stands
    against."""

    reason: str
    """The same in words."""


def explain(
    listener: Listener,
    event: Event,
    emitter: Emitter,
    installed: Mapping[str, Notifier] | None,
    now: float,
    unheard: str | None = None,
) -> Explanation:
    """Why the listener would get the event or not; `installed` and `now` as for `wait_of`.

    `unheard`: why it may not get an event of this origin, such as one with another scope; None: it may.
    """
    found = next((text for text in listener.event_types if pattern.matches(text, event.event_type)), None)
    if found is None:
        return Explanation(
            listener, NO, "event type", f"{', '.join(listener.event_types)} does not match {event.event_type}"
        )
    if unheard is not None:
        return Explanation(listener, NO, "scope", unheard)
    passes, why = judge(listener.filter, event.report())
    if not passes:
        return Explanation(listener, NO, "filter", why)
    skip = emitter.skip(listener, now)
    if skip == SKIPPED:
        return Explanation(listener, NO, "disabled", f"{disabled(listener)}; with while_disabled = skip it is skipped")
    if skip is not None:
        return Explanation(listener, NO, "muted", f"the listener is muted {said(listener)}, and drops new events")
    if wait := wait_of(listener, installed, now):
        return Explanation(listener, LATER, wait.cause, f"{wait.reason}; {wait.end}")
    reasons = [f"{found} matches", *([why] if why else []), *limits_of(listener)]
    return Explanation(listener, YES, "all", "; ".join(reasons))


def explain_all(
    emitter: Emitter,
    listeners: list[Listener],
    plugins: Plugins,
    now: float,
    event_type: str,
    payload: Mapping[str, Any] | None,
    call_report: Mapping[str, Any] | None,
    scope: str | None = None,
) -> list[Explanation]:
    """An explanation for each listener, of the event as plugins would enrich it. Raises what `emit` raises."""
    check_scope(scope)
    event = emitter.prepare(event_type, payload, call_report, scope=scope, silent=True)[0]
    why_not = {
        each.id: wrong_scope(each, scope, event.event_type)
        for each in listeners
        if not each.hears(scope, event.event_type)
    }
    return [explain(each, event, emitter, plugins.notifiers, now, why_not.get(each.id)) for each in listeners]
