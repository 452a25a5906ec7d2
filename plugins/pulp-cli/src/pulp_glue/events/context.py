"""Contexts of pulp-glue for listeners, deliveries, notifiers and event types.

>>> from pulp_glue.common.context import PulpContext
>>> from pulp_glue.events.context import PulpEventListenerContext
>>> def urls(pulp: PulpContext) -> list[str]:
...     found = PulpEventListenerContext(pulp).list(limit=0, offset=0, parameters={"notifier_type_id": "http"})
...     return [each["notifier_config"]["url"] for each in found]
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pulp_glue.common.context import PluginRequirement, PulpEntityContext
from pulp_glue.common.exceptions import PulpEntityNotFound, PulpException, PulpHTTPError
from pulp_glue.events import hrefs
from pulp_glue.events.errors import refused

NEEDS = [PluginRequirement("events", specifier=">=1.0,<2", feature="pulp event")]

hrefs.install()


class EventsContext(PulpEntityContext):
    """What all of them share: the server's refusals in words."""

    NEEDS_PLUGINS = NEEDS

    def call(self, operation: str, *args: Any, **kwargs: Any) -> Any:
        """As in pulp-glue; raises RequestRefused where the server says which field is wrong."""
        self._described(operation)
        try:
            return super().call(operation, *args, **kwargs)
        except PulpHTTPError as error:
            raise refused(error) from error

    def _described(self, operation: str) -> dict[str, Any]:
        """What the server's OpenAPI document says of an operation."""
        operation_id = getattr(self, f"{operation.upper()}_ID", None) or f"{self.ID_PREFIX}_{operation}"
        api = self.pulp_ctx.api
        if operation_id not in api.operations:
            raise PulpException(
                f"The server's API, as it was cached here, has no operation {operation_id}. "
                "If the server was updated, run the command with `pulp --refresh-api …`."
            )
        method, path = api.operations[operation_id]
        described: dict[str, Any] = api.api_spec["paths"][path][method]
        return described

    def act(self, operation: str, href: str, body: dict[str, Any] | None = None) -> Any:
        """An action on what is at the href; the body is sent where the operation takes one."""
        takes_body = "requestBody" in self._described(operation)
        return self.call(operation, parameters={self.HREF: href}, body=(body or {}) if takes_body else None)

    def pages(self, operation: str, limit: int, offset: int, parameters: dict[str, Any]) -> list[Any]:
        """What the operation lists, at most `limit` of it, and whether there is more (said on stderr)."""
        found: list[Any] = []
        answer: dict[str, Any] = {"next": True}
        while answer["next"] and len(found) < limit:
            page = {"limit": min(limit - len(found), 1000), "offset": offset + len(found)}
            answer = self.call(operation, parameters={**parameters, **page})
            found += answer["results"]
            if not answer["results"]:
                break
        if answer["next"]:
            self.pulp_ctx.echo(f"Not all {answer['count']} entries were shown.", err=True)
        return found


class PulpEventNotifierContext(EventsContext):
    """The kinds of notifiers that the server has, each with the JSON Schema of its configuration."""

    ENTITY = "notifier"
    ENTITIES = "notifiers"
    ID_PREFIX = "event_notifiers"

    @cached_property
    def all(self) -> dict[str, dict[str, Any]]:
        """All of them by their type id, asked for once."""
        found = self.pages("list", 1000, 0, {})
        return {each["type_id"]: each for each in found}

    def named(self, type_id: str) -> dict[str, Any]:
        """One of them. Raises PulpEntityNotFound."""
        return _named(self.all, type_id, "notifier type")


class PulpEventTypeContext(EventsContext):
    """The event types that the server knows."""

    ENTITY = "event type"
    ENTITIES = "event types"
    ID_PREFIX = "event_types"

    @cached_property
    def all(self) -> dict[str, dict[str, Any]]:
        """All of them by name, asked for once."""
        return {each["name"]: each for each in self.pages("list", 10_000, 0, {})}

    def named(self, name: str) -> dict[str, Any]:
        """One of them. Raises PulpEntityNotFound."""
        return _named(self.all, name, "event type")


def _named(all_of_them: dict[str, dict[str, Any]], name: str, kind: str) -> dict[str, Any]:
    try:
        return all_of_them[name]
    except KeyError:
        known = ", ".join(sorted(all_of_them)) or "none"
        raise PulpEntityNotFound(f"The server has no {kind} '{name}'. It has: {known}.") from None


class PulpEventListenerContext(EventsContext):
    """Listeners."""

    PLUGIN = "events"
    RESOURCE_TYPE = "event-listener"
    MODEL = "eventlistener"
    ENTITY = "event listener"
    ENTITIES = "event listeners"
    HREF = "events_event_listener_href"
    HREF_PATTERN = r"event-listeners/[^/]+/"
    HREF_TEMPLATE = "event-listeners/{pulp_id}/"
    ID_PREFIX = "event_listeners"
    NULLABLES = {"filter", "description", "rate", "expires"}
    CAPABILITIES = {"roles": []}

    def test(self) -> Any:
        """Have the server send a test event to the listener now; what came of it."""
        return self.act("test", self.pulp_href)

    def mute(self, **how: Any) -> Any:
        """Pause its deliveries: `seconds` or `until`, `reason`, `drop`. The listener as it is then."""
        return self.act("mute", self.pulp_href, {key: value for key, value in how.items() if value is not None})

    def unmute(self) -> Any:
        """End its mute. The listener as it is then."""
        return self.act("unmute", self.pulp_href)

    def retry(self, **which: Any) -> Any:
        """Deliver again: dead deliveries, or those of `state`, `event_type`, `since`, `until`. Their number."""
        return self.act("retry", self.pulp_href, {key: value for key, value in which.items() if value is not None})

    def deliveries(self, limit: int, offset: int, parameters: dict[str, Any]) -> list[Any]:
        """Its deliveries, newest first."""
        return self.pages("deliveries", limit, offset, {self.HREF: self.pulp_href, **parameters})


class PulpEventDeliveryContext(EventsContext):
    """Deliveries, of all listeners that the user may see or of one.

    A delivery is chosen by its id, `EVENT_ID.N`: pulp-glue takes no href with a dot in it.
    """

    ENTITY = "delivery"
    ENTITIES = "deliveries"
    HREF = hrefs.DELIVERY_HREF
    ID_PREFIX = "event_deliveries"
    READ_ID = "event_listeners_deliveries_read"
    RETRY_ID = "event_listeners_deliveries_retry"

    def all(self, limit: int, offset: int, parameters: dict[str, Any]) -> list[Any]:
        """Deliveries of every listener, newest first."""
        return self.pages("list", limit, offset, parameters)

    def href_of(self, delivery_id: str) -> str:
        """Where the delivery is. Raises PulpEntityNotFound."""
        event_id = delivery_id.rpartition(".")[0]
        for each in self.pages("list", 10_000, 0, {"event_id": event_id}) if event_id else ():
            if each["id"] == delivery_id and each["listener"]:
                return f"{each['listener']}deliveries/{delivery_id}/"
        raise PulpEntityNotFound(f"Could not find a delivery with the id '{delivery_id}'.")

    def details(self, delivery_id: str) -> Any:
        """It, its attempts and its report."""
        return self.show(self.href_of(delivery_id))

    def retry(self, delivery_id: str) -> Any:
        """Deliver it again. The delivery as it is then."""
        return self.act("retry", self.href_of(delivery_id))
