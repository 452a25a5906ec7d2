"""`event-notifiers/`."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from pulp_events import Notifier
from pulp_events.errors import NotAllowed
from pulp_events.listeners.untrusted import Limits
from pulp_events_pulpcore.app.bus import bus
from pulp_events_pulpcore.app.rest import EventsViewMixin
from pulp_events_pulpcore.app.serializers.notifier import NotifierSerializer
from pulp_events_pulpcore.app.viewsets import policies


class EventNotifierViewSet(EventsViewMixin, GenericViewSet):
    """Notifier types: how events can be sent, and what a listener of each is configured with."""

    DEFAULT_ACCESS_POLICY = policies.FOR_ALL
    serializer_class = NotifierSerializer
    filter_backends: list[Any] = []
    lookup_field = "type_id"
    lookup_value_regex = "[a-z][a-z0-9-]{0,99}"

    @extend_schema(summary="List notifier types", responses=NotifierSerializer(many=True))
    def list(self, request: Any, **kwargs: Any) -> Response:
        """All that are installed; see `allowed`."""
        page = self.paginate_queryset([described(each) for _, each in sorted(bus().plugins.notifiers.items())])
        return self.get_paginated_response(NotifierSerializer(page, many=True).data)

    @extend_schema(
        summary="Inspect a notifier type", responses=NotifierSerializer,
        parameters=[OpenApiParameter("type_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The type.")],
    )  # fmt: skip
    def retrieve(self, request: Any, type_id: str, **kwargs: Any) -> Response:
        """With the JSON Schema of notifier_config."""
        found = bus().plugins.notifiers.get(type_id)
        if found is None:
            raise NotFound
        return Response(NotifierSerializer(described(found)).data)


def described(notifier: Notifier) -> dict[str, Any]:
    """What is shown of a notifier."""
    from pulp_events import json_schema

    reason = None
    try:
        Limits(bus().settings).refuse_type(notifier)
    except NotAllowed as error:
        reason = str(error)
    doc = (type(notifier).__doc__ or "").strip().partition("\n")[0].replace("`", "")
    return {
        "type_id": notifier.type_id,
        "description": doc,
        "schema": json_schema(notifier),
        "allowed": reason is None,
        "reason": reason,
    }
