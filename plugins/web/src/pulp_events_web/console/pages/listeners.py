"""`/console/listeners`: all of them, a page at a time, and one."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from flask import Blueprint, render_template, request

from pulp_events import Listener
from pulp_events.listeners.shown import config_shown
from pulp_events.outbox.records import DeliveryQuery, Health
from pulp_events_web.acting import Acting, Forbidden
from pulp_events_web.console import asked
from pulp_events_web.console.paging import page_of
from pulp_events_web.context import acting
from pulp_events_web.looking import QUICK
from pulp_events_web.principal import Role
from pulp_events_web.shown.listeners import ListenerFilter, chosen

RECENT = 10
"""Deliveries on the page of a listener."""
STATES = ("enabled", "failing", "muted", "disabled")
LABELS = 200
"""That the field for a label offers; any other can be typed."""


def add(blueprint: Blueprint) -> None:
    """Its routes."""
    blueprint.add_url_rule("/listeners", "listeners", listeners)
    blueprint.add_url_rule("/listeners/<listener_id>", "listener", listener)


def listeners() -> str:
    """Those that fit the search, a page at a time."""
    bus = acting().reading
    wanted = asked.texts(request.args, ("q", "label", "state"))
    state = wanted["state"]
    found = chosen(bus, filter_of(wanted))
    now = bus.clock.time()

    def state_of_one(each: Listener, health: Mapping[str, Health]) -> str:
        return state_of(each, each.id in health and health[each.id].failures > 0, now)

    if state in ("enabled", "failing"):
        everything = bus.deliveries.health()
        found = [each for each in found if state_of_one(each, everything) == state]
    page = page_of(found, request.args.get("page", ""))
    shown = [each.id for each in page.items]
    health = bus.deliveries.health(shown)
    everyone = bus.listeners.list()
    labels = dict.fromkeys(f"{key}={value}" for each in everyone for key, value in each.labels.items())
    return render_template(
        "console/listeners.html",
        page=page,
        rows=[(each, state_of_one(each, health), health.get(each.id)) for each in page.items],
        counts=bus.deliveries.stats(listener=shown),
        labels=sorted(islice(labels, LABELS)),
        all_count=len(everyone),
        wanted=wanted,
        given={key: value for key, value in wanted.items() if value},
        states=STATES,
    )


def filter_of(wanted: dict[str, str]) -> ListenerFilter:
    """What the fields ask for, but for whether a listener fails, which its record does not say."""
    key, equals, value = wanted["label"].partition("=")
    state = wanted["state"]
    return ListenerFilter(
        q=wanted["q"] or None,
        labels={key: value if equals else None} if key else None,
        enabled=None if state not in STATES else state != "disabled",
        muted=None if state not in STATES or state == "disabled" else state == "muted",
    )


def state_of(listener: Listener, failing: bool, now: float) -> str:
    """In a word: what an administrator should see first."""
    if not listener.enabled:
        return "disabled"
    if listener.muted_for(now):
        return "muted"
    return "failing" if failing else "enabled"


def listener(listener_id: str) -> str:
    """One listener."""
    return page_of_one(listener_id)


def page_of_one(listener_id: str, **more: object) -> str:
    """The page of one, with what else it is to say, such as the result of a test."""
    who = acting()
    bus = who.reading
    found = bus.listeners.get(listener_id)
    health = bus.deliveries.health(found.id).get(found.id)
    installed = found.notifier_type_id in bus.plugins.notifiers
    now = bus.clock.time()
    counts = bus.deliveries.stats(listener=found.id).by_listener.get(found.id, {})
    # Where a listener has few, they may be far back among what is kept; that it has none is known.
    query = DeliveryQuery(listener_id=found.id)
    few = min(RECENT, sum(counts.values()))
    recent = bus.deliveries.look(query, limit=few, seconds=QUICK).found if few else ()
    return render_template(
        "console/listener.html",
        listener=found,
        state=state_of(found, health is not None and health.failures > 0, now),
        muted=found.muted_for(now) > 0,
        health=health,
        counts=counts,
        config=config_shown(bus.plugins, found),
        recent=recent,
        older=len(recent) < few,
        installed=installed,
        warnings=bus.listeners.warnings(found) if installed else (),
        changes=bus.listeners.history(found.id, limit=5) if bus.listeners.keeps_history else (),
        changeable=may_change(who.principal.trusted, found),
        **more,
    )


def changeable(who: Acting, listener_id: str) -> Listener:
    """The listener, if its principal may change it. Raises Forbidden, ListenerNotFound."""
    who.require(Role.ADMIN)
    found = who.reading.listeners.get(listener_id)
    if not may_change(who.principal.trusted, found):
        raise Forbidden(
            f"{found.name or found.id} belongs to administrators of the machine; {who.principal.name} is not trusted "
            "to change it: a trusted token may, or pulp-admin on the server"
        )
    return found


def may_change(trusted: bool, listener: Listener) -> bool:
    """Who is not trusted changes no listener of administrators of the machine: that would be refused."""
    return trusted or listener.untrusted
