"""`/console/listeners`: all of them, and one."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, render_template, request

from pulp_events import EventBus, Listener
from pulp_events.outbox.records import DeliveryQuery, Stats
from pulp_events.secrets import MASK, secret_fields
from pulp_events_web.acting import Acting, Forbidden
from pulp_events_web.context import acting
from pulp_events_web.principal import Role

RECENT = 10
"""Deliveries on the page of a listener."""


def add(blueprint: Blueprint) -> None:
    """Its routes."""
    blueprint.add_url_rule("/listeners", "listeners", listeners)
    blueprint.add_url_rule("/listeners/<listener_id>", "listener", listener)


def listeners() -> str:
    """Those that fit the search."""
    bus = acting().reading
    text, label = request.args.get("q", "").strip(), request.args.get("label", "").strip()
    status = request.args.get("status", "")
    everyone = bus.listeners.list()
    health, now = bus.deliveries.health(), bus.clock.time()
    found = [
        each for each in everyone
        if _says(bus, each, text) and _is_labelled(each, label)
        and (not status or state_of(each, each.id in health and health[each.id].failures > 0, now) == status)
    ]  # fmt: skip
    return render_template(
        "console/listeners.html",
        listeners=[
            (each, state_of(each, each.id in health and health[each.id].failures > 0, now), health.get(each.id))
            for each in found
        ],
        counts=bus.deliveries.stats(),
        labels=sorted({f"{key}={value}" for each in everyone for key, value in each.labels.items()}),
        all_count=len(everyone),
        q=text,
        label=label,
        status=status,
    )


def state_of(listener: Listener, failing: bool, now: float) -> str:
    """In a word: what an administrator should see first."""
    if not listener.enabled:
        return "disabled"
    if listener.muted_for(now):
        return "muted"
    return "failing" if failing else "enabled"


def _says(bus: EventBus, listener: Listener, text: str) -> bool:
    """Whether the text is in what is shown of it; secrets are not, so nobody can guess them by searching."""
    if not text:
        return True
    shown = bus.listeners.redacted(listener)
    parts = [
        listener.id, listener.name or "", listener.description or "", listener.notifier_type_id, *listener.event_types,
        *(str(value) for value in shown.values()), *(f"{key}={value}" for key, value in listener.labels.items()),
    ]  # fmt: skip
    whole = "\n".join(parts).casefold()
    return all(word.casefold() in whole for word in text.split())


def _is_labelled(listener: Listener, label: str) -> bool:
    key, equals, value = label.partition("=")
    return not label or (key in listener.labels and (not equals or listener.labels[key] == value))


def secrets_of(bus: EventBus, listener: Listener) -> Sequence[tuple[str, bool]]:
    """Names of its secrets, each with whether it is set."""
    notifier = bus.plugins.notifiers.get(listener.notifier_type_id)
    if notifier is None:
        return [(key, True) for key, value in bus.listeners.redacted(listener).items() if value == MASK]
    return [(key, key in listener.notifier_config) for key in sorted(secret_fields(notifier.config_schema()))]


def listener(listener_id: str) -> str:
    """One listener."""
    return page_of(listener_id)


def page_of(listener_id: str, **more: object) -> str:
    """The page of one, with what else it is to say, such as the result of a test."""
    who = acting()
    bus = who.reading
    found = bus.listeners.get(listener_id)
    health = bus.deliveries.health().get(found.id)
    stats: Stats = bus.deliveries.stats()
    secrets = dict(secrets_of(bus, found))
    shown = {key: value for key, value in bus.listeners.redacted(found).items() if key not in secrets}
    recent = bus.deliveries.list(DeliveryQuery(listener_id=found.id), limit=RECENT)
    warnings = bus.listeners.warnings(found) if found.notifier_type_id in bus.plugins.notifiers else ()
    return render_template(
        "console/listener.html",
        listener=found,
        state=state_of(found, health is not None and health.failures > 0, bus.clock.time()),
        muted=found.muted_for(bus.clock.time()) > 0,
        health=health,
        counts=stats.by_listener.get(found.id, {}),
        config=shown,
        secrets=secrets,
        recent=recent,
        installed=found.notifier_type_id in bus.plugins.notifiers,
        warnings=warnings,
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
