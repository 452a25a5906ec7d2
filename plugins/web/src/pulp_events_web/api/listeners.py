"""`listeners`: list, make, show, change and delete them. What is done with one is in `listener_actions`."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import url_for
from flask.views import MethodView

from pulp_events import EventBus, Listener
from pulp_events.errors import ListenerNotFound, NotAllowed
from pulp_events.frozen import thaw
from pulp_events.listeners.actor import NOT_THEIRS
from pulp_events.listeners.shown import as_stored, refuse_generated, refuse_masks
from pulp_events.listeners.untrusted import Limits
from pulp_events_web.acting import Acting, Forbidden
from pulp_events_web.api import etags
from pulp_events_web.api.etags import ETAG, IF_MATCH
from pulp_events_web.api.links import LISTENER, links
from pulp_events_web.api.paging import page
from pulp_events_web.api.refusing import Refused, by_field
from pulp_events_web.api.resources import Resources
from pulp_events_web.api.schemas.listeners import (
    SETTABLE,
    ListenerPageSchema,
    ListenerPatchSchema,
    ListenerSchema,
    ListenersQuery,
    NewListenerSchema,
)
from pulp_events_web.context import acting
from pulp_events_web.principal import Principal, Role
from pulp_events_web.shown.listeners import ListenerFilter, after, chosen, listener_shown, listeners_shown, place_of

blueprint = Resources("listeners", __name__, "Which events are sent where")

Answer = tuple[dict[str, Any], int, dict[str, str]]


@blueprint.route("/listeners")
class Collection(MethodView):
    """All of them."""

    @blueprint.arguments(ListenersQuery, location="query")
    @blueprint.response(200, ListenerPageSchema)
    @blueprint.doc(**links(200, "listener_id", "/items/0/id", LISTENER))
    @blueprint.who(Role.VIEWER)
    def get(self, asked: Mapping[str, Any]) -> Any:
        """List listeners

        In the order in which they were made.
        """
        bus, limit = acting().reading, asked["limit"]
        names = ("q", "notifier_type_id", "event_type", "enabled", "muted", "author")
        labels = dict(_label(each) for each in asked.get("label", ()))
        wanted = ListenerFilter(labels=labels or None, **{name: asked.get(name) for name in names})
        found = after(chosen(bus, wanted), asked["cursor"], limit + 1)
        return page(found, limit, place_of, lambda kept: listeners_shown(bus, kept))

    @blueprint.arguments(NewListenerSchema)
    @blueprint.doc(**links(201, "listener_id", "/id", LISTENER))
    @blueprint.response(201, ListenerSchema, headers={**ETAG, "Location": {"schema": {"type": "string"}}})
    @blueprint.who(Role.ADMIN, 409)
    def post(self, given: dict[str, Any]) -> Answer:
        """Make a listener

        Its author is who asks, and not trusted unless their token says so.
        """
        act = acting()
        listeners, bus, config = act.written, act.reading, given["notifier_config"]
        type_id = given["notifier_type_id"]
        refuse_type(bus, act.principal, type_id)
        refuse_not_theirs(act.principal, given)
        with by_field(config):
            refuse_generated(bus.plugins, type_id, config)
            refuse_masks(config)
            made = listeners.create(
                type_id, config, given["event_types"], enabled=given.get("enabled", True), **options_of(given)
            )
        return shown(bus, made, HTTPStatus.CREATED, Location=url_for("listeners.One", listener_id=made.id))


@blueprint.route("/listeners/<string:listener_id>")
class One(MethodView):
    """One of them, by id or name."""

    @blueprint.response(200, ListenerSchema, headers=ETAG)
    @blueprint.who(Role.VIEWER, 404)
    def get(self, listener_id: str) -> Answer:
        """Show a listener

        Without its secrets.
        """
        bus = acting().reading
        return shown(bus, bus.listeners.get(listener_id))

    @blueprint.arguments(ListenerPatchSchema)
    @blueprint.response(200, ListenerSchema, headers=ETAG)
    @blueprint.doc(parameters=[IF_MATCH])
    @blueprint.who(Role.ADMIN, 404, 409, 412)
    def patch(self, given: dict[str, Any], listener_id: str) -> Answer:
        """Change a listener

        What is not named stays, also keys of `notifier_config`; null removes one; event types are replaced whole. What
        was shown may be given back as it was.
        """
        act = acting()
        bus, before = act.reading, mine(act, listener_id)
        listeners = etags.as_seen(act.written, bus, before)
        given = {key: value for key, value in given.items() if key not in SETTABLE or value != _as_json(before, key)}
        refuse_not_theirs(act.principal, given)
        wanted = given.get("notifier_config")

        def config(stored: Mapping[str, Any]) -> dict[str, Any]:
            return as_stored(bus.plugins, before, thaw(stored), wanted or {})

        with by_field(wanted or {}):
            refuse_generated(bus.plugins, before.notifier_type_id, wanted or {})
            change = (before.id, config if wanted else None, given.get("event_types"))
            if "enabled" not in given:
                after = listeners.update(*change, **options_of(given))
            else:
                with listeners.together() as several:
                    several.update(*change, **options_of(given))
                    (several.enable if given["enabled"] else several.disable)(before.id)
                after = listeners.get(before.id)
        return shown(bus, after)

    @blueprint.response(204)
    @blueprint.doc(parameters=[IF_MATCH])
    @blueprint.who(Role.ADMIN, 404, 412)
    def delete(self, listener_id: str) -> None:
        """Delete a listener

        What is pending for it is then dead.
        """
        act = acting()
        before = mine(act, listener_id)
        etags.as_seen(act.written, act.reading, before).delete(before.id)


def mine(act: Acting, listener_id: str) -> Listener:
    """The listener, where who asks may change it. Raises Forbidden, ListenerNotFound."""
    written = act.written
    found = act.reading.listeners.get(listener_id)
    try:
        return written.get(found.id)
    except ListenerNotFound:
        raise Forbidden(
            f"listener {found.id} is an administrator's of the machine; {act.principal.name} is not trusted, and "
            "cannot change it. Who has a trusted token can, and pulp-admin"
        ) from None


def shown(bus: EventBus, listener: Listener, status: int = 200, **headers: str) -> Answer:
    """The answer that shows a listener."""
    body = listener_shown(bus, listener, bus.deliveries.health(listener.id).get(listener.id))
    return body, int(status), {**etags.headers(bus, listener), **headers}


def options_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What `bus.listeners` takes by name."""
    return {name: given[name] for name in SETTABLE if name in given}


def refuse_not_theirs(who: Principal, given: Mapping[str, Any]) -> None:
    """Raise Refused, by field, for attributes that authors who are not trusted do not set."""
    faults = {
        name: [f"Only who is trusted sets {name}; leave it out."] for name in NOT_THEIRS if given.get(name) is not None
    }
    if faults and not who.trusted:
        text = f"{who.name} is not trusted, and cannot set {', '.join(faults)}; leave that out"
        raise Refused(HTTPStatus.FORBIDDEN, text, faults)


def refuse_type(bus: EventBus, who: Principal, type_id: str) -> None:
    """Raise Refused, by field, for a type that authors who are not trusted may not have."""
    notifier = bus.plugins.notifier(type_id)
    if not who.trusted:
        try:
            Limits(bus.settings).refuse_type(notifier)
        except NotAllowed as error:
            raise Refused(HTTPStatus.FORBIDDEN, str(error), {"notifier_type_id": [str(error)]}) from None


def _as_json(listener: Listener, name: str) -> Any:
    return thaw(getattr(listener, name))


def _label(text: str) -> tuple[str, str | None]:
    key, is_given, value = text.partition("=")
    return key, value if is_given else None
