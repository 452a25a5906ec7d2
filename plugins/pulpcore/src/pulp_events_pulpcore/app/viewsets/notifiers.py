"""`event-notifiers/`."""

from collections.abc import Mapping
from typing import Any

from pulp_events import Notifier
from pulp_events.errors import NotAllowed
from pulp_events.listeners.untrusted import Limits
from pulp_events_pulpcore.app.bus import bus
from pulp_events_pulpcore.app.serializers.notifier import NotifierSerializer
from pulp_events_pulpcore.app.viewsets.catalogue import CatalogueViewSet, in_schema


@in_schema(
    "notifier type", NotifierSerializer, "type_id", "All that are installed; see `allowed`.",
    "With the JSON Schema of notifier_config.",
)  # fmt: skip
class EventNotifierViewSet(CatalogueViewSet):
    """Notifier types: how events can be sent, and what a listener of each is configured with."""

    serializer_class = NotifierSerializer
    lookup_field = "type_id"
    lookup_value_regex = "[a-z][a-z0-9-]{0,99}"

    def known(self) -> Mapping[str, Notifier]:
        return bus().plugins.notifiers

    def described(self, thing: Notifier) -> dict[str, Any]:
        from pulp_events import json_schema  # what makes it is imported when it is first asked for

        reason = None
        try:
            Limits(bus().settings).refuse_type(thing)
        except NotAllowed as error:
            reason = str(error)
        doc = (type(thing).__doc__ or "").strip().partition("\n")[0].replace("`", "")
        return {
            "type_id": thing.type_id,
            "description": doc,
            "schema": json_schema(thing),
            "allowed": reason is None,
            "reason": reason,
        }
