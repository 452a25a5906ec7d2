"""The calls. A path without the slash at its end is answered as well, not redirected: clients would lose the body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import Forbidden

from pulp_events import Listener
from pulp_events.errors import ListenerNotFound
from pulp_events.listeners.redacted import Redaction
from pulp_events.listeners.shown import as_stored, refuse_generated, refuse_masks
from pulp_events.system.ids import is_listener_id
from pulp_events_web.context import acting, context, principal
from pulp_events_web.pulp2 import bodies
from pulp_events_web.pulp2.failures import MEDIA_TYPE
from pulp_events_web.pulp2.shown import listener_shown

blueprint = Blueprint("pulp2", __name__)


@blueprint.before_request
def _no_browser() -> None:
    """No client of Pulp 2 was a browser; what a page of another site makes one send is refused."""
    if principal().session or request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise Forbidden("Pulp 2's routes take a token, and no request of a browser for another site")


@blueprint.get("", strict_slashes=False)
@blueprint.get("/")
def list_all() -> Response:
    bus = acting().reading
    redaction = Redaction(bus.plugins)
    return _answer([listener_shown(bus.plugins, each, request.script_root, redaction) for each in bus.listeners.list()])


@blueprint.post("", strict_slashes=False)
@blueprint.post("/")
def create() -> Response:
    listeners = acting().written
    type_id, config, event_types = bodies.created(bodies.body())
    refuse_masks(config)
    refuse_generated(context().bus.plugins, type_id, config)
    shown = _shown(listeners.create(type_id, config, event_types))
    return _answer(shown, 201, {"Location": shown["_href"]})


@blueprint.get("/<listener_id>", strict_slashes=False)
@blueprint.get("/<listener_id>/")
def show(listener_id: str) -> Response:
    listeners = acting().reading.listeners
    return _answer(_shown(listeners.get(_known(listener_id))))


@blueprint.put("/<listener_id>", strict_slashes=False)
@blueprint.put("/<listener_id>/")
def change(listener_id: str) -> Response:
    listeners, plugins = acting().written, context().bus.plugins
    listener = listeners.get(_known(listener_id))
    config, event_types = bodies.changed(bodies.body(empty=True))
    given = None
    if config is not None:
        refuse_generated(plugins, listener.notifier_type_id, config)

        def given(before: Mapping[str, Any]) -> Mapping[str, Any]:
            return as_stored(plugins, listener, before, config)

    return _answer(_shown(listeners.update(listener_id, given, event_types)))


@blueprint.delete("/<listener_id>", strict_slashes=False)
@blueprint.delete("/<listener_id>/")
def delete(listener_id: str) -> Response:
    acting().written.delete(_known(listener_id))
    return _answer(None)


def _known(listener_id: str) -> str:
    """Names, which Pulp 2 did not have, are no ids here."""
    if not is_listener_id(listener_id):
        raise ListenerNotFound(f"no listener has the id {listener_id!r:.80}")
    return listener_id


def _shown(listener: Listener) -> dict[str, Any]:
    return listener_shown(context().bus.plugins, listener, request.script_root)


def _answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(value), status, headers, content_type=MEDIA_TYPE)
