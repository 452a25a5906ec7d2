"""`event-types`, `notifier-types` and `plugins`: what there is to be listened to and delivered with."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView

from pulp_events import EventType, json_schema
from pulp_events.plugins.plugin import Plugin
from pulp_events.plugins.registry import Plugins as Registry
from pulp_events.schemas.fault import UnusableSchema
from pulp_events_web.api.refusing import missing
from pulp_events_web.api.resources import Resources
from pulp_events_web.api.schemas import types as schemas
from pulp_events_web.context import acting
from pulp_events_web.principal import Role

blueprint = Resources("types", __name__, "Event types, notifier types, plugins")


@blueprint.route("/event-types")
class EventTypes(MethodView):
    @blueprint.response(200, schemas.EventTypesSchema)
    @blueprint.who(Role.VIEWER)
    def get(self) -> Any:
        """All event types, by name"""
        types = acting().reading.event_types
        return {"items": [_event_type(each) for each in sorted(types, key=lambda each: each.name)]}


@blueprint.route("/event-types/<string:name>")
class OneEventType(MethodView):
    @blueprint.response(200, schemas.EventTypeInFullSchema)
    @blueprint.who(Role.VIEWER, 404)
    def get(self, name: str) -> Any:
        """An event type with the schema of its payload and an example"""
        from pulp_events.schemas.example import example_or_reason
        from pulp_events.schemas.json_schema import payload_schema

        types = acting().reading.event_types
        if name not in types:
            missing(f"no event type is named {name!r:.200}; GET /api/v1/event-types has all of them")
        found = types.require(name)
        try:
            schema, (example, fault) = payload_schema(found), example_or_reason(found)
        except UnusableSchema as error:
            schema, example, fault = None, None, str(error)
        return {**_event_type(found), "schema": schema, "example": example, "fault": fault}


@blueprint.route("/notifier-types")
class NotifierTypes(MethodView):
    @blueprint.response(200, schemas.NotifierTypesSchema)
    @blueprint.who(Role.VIEWER)
    def get(self) -> Any:
        """All notifier types that work, by id"""
        plugins = acting().reading.plugins
        return {"items": [_notifier_type(plugins, each) for each in sorted(plugins.notifiers)]}


@blueprint.route("/notifier-types/<string:type_id>")
class OneNotifierType(MethodView):
    @blueprint.response(200, schemas.NotifierTypeInFullSchema)
    @blueprint.who(Role.VIEWER, 404)
    def get(self, type_id: str) -> Any:
        """A notifier type with the JSON Schema of a listener's configuration"""
        plugins = acting().reading.plugins
        if type_id not in plugins.notifiers:
            missing(f"no notifier type {type_id!r:.200} is installed; GET /api/v1/notifier-types has all that are")
        schema, fault = None, ""
        try:
            schema = json_schema(plugins.notifiers[type_id])
        except (UnusableSchema, ImportError) as error:
            fault = str(error)
        return {**_notifier_type(plugins, type_id), "config_schema": schema, "fault": fault}


@blueprint.route("/plugins")
class Plugins(MethodView):
    @blueprint.response(200, schemas.PluginsSchema)
    @blueprint.who(Role.VIEWER)
    def get(self) -> Any:
        """The installed plugins, and what is wrong with which"""
        asking = acting()
        told = asking.principal.role >= Role.ADMIN  # a reason may name files of the machine
        return {"items": [_plugin(each, told) for each in asking.reading.plugins.all]}


def _event_type(found: EventType) -> dict[str, Any]:
    return {
        "name": found.name,
        "description": found.description,
        "version": found.version,
        "own": found.own,
        "payload": {key: str(text) for key, text in found.payload.items()},
    }


def _notifier_type(plugins: Registry, type_id: str) -> dict[str, Any]:
    notifier = plugins.notifiers[type_id]
    owner = next((each for each in plugins.all if notifier in each.notifiers), None)
    return {
        "id": type_id,
        "plugin": "" if owner is None else owner.name,
        "distribution": "" if owner is None else owner.distribution,
        "version": "" if owner is None else owner.version,
    }


def _plugin(found: Plugin, told: bool) -> dict[str, Any]:
    return {
        "name": found.name,
        "distribution": found.distribution,
        "version": found.version,
        "state": found.state,
        "reason": found.reason if told or not found.reason else None,
        "notifier_types": found.type_ids,
        "event_types": [each.name for each in found.event_types],
        "deprecations": [*found.deprecations],
    }
