"""`event-listeners/`."""

from typing import Any

from django.db import connection, transaction
from drf_spectacular.utils import extend_schema
from pulpcore.plugin.viewsets import NamedModelViewSet, RolesMixin
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response

from pulp_events import Listener
from pulp_events.errors import NotAllowed, UnknownNotifierType
from pulp_events.frozen import thaw
from pulp_events.listeners.shown import as_stored, refuse_generated, refuse_masks
from pulp_events.listeners.untrusted import Limits
from pulp_events_pulpcore.app.bus import bus
from pulp_events_pulpcore.app.models import EventListener
from pulp_events_pulpcore.app.rest import EventsViewMixin
from pulp_events_pulpcore.app.serializers.change import ListenerChangeSerializer
from pulp_events_pulpcore.app.serializers.delivery import (
    DeliveryListFilterSerializer,
    DeliverySerializer,
    RetriedSerializer,
    RetrySerializer,
)
from pulp_events_pulpcore.app.serializers.listener import EventListenerSerializer, options_of
from pulp_events_pulpcore.app.serializers.mute import MuteSerializer
from pulp_events_pulpcore.app.serializers.trial import TrialResultsSerializer
from pulp_events_pulpcore.app.shown import listener_of, shown, shown_all
from pulp_events_pulpcore.app.trying import TestThrottle, tried
from pulp_events_pulpcore.app.viewsets import policies
from pulp_events_pulpcore.app.viewsets.filters import EventListenerFilter
from pulp_events_pulpcore.app.viewsets.paging import DeliveryPages, query_of
from pulp_events_pulpcore.app.viewsets.rows import hrefs_of, refuse_administrators


class EventListenerViewSet(EventsViewMixin, NamedModelViewSet, RolesMixin):
    """Event listeners: each sends events of some types somewhere. They are changed at once, without a task."""

    endpoint_name = "event-listeners"
    queryset = EventListener.objects.order_by("-position")
    queryset_filtering_required_permission = "events.view_eventlistener"
    serializer_class = EventListenerSerializer
    filterset_class = EventListenerFilter
    DEFAULT_ACCESS_POLICY = policies.LISTENERS
    LOCKED_ROLES = policies.ROLES

    @extend_schema(summary="List event listeners", responses=EventListenerSerializer(many=True))
    def list(self, request: Any, **kwargs: Any) -> Response:
        """Those that you may see."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(shown_all(page), many=True).data)

    @extend_schema(summary="Inspect an event listener", responses=EventListenerSerializer)
    def retrieve(self, request: Any, pk: str, **kwargs: Any) -> Response:
        """Its secrets are named in hidden_fields, and not shown."""
        return Response(self.get_serializer(shown(self.get_object())).data)

    @extend_schema(summary="Create an event listener", responses={201: EventListenerSerializer})
    def create(self, request: Any, **kwargs: Any) -> Response:
        """You may have as many as the administrator allows."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        type_id = data["notifier_type_id"]
        try:
            Limits(bus().settings).refuse_type(bus().plugins.notifier(type_id))
        except NotAllowed as error:
            raise UnknownNotifierType(str(error)) from None  # the field's fault: others are allowed
        refuse_generated(bus().plugins, type_id, data["notifier_config"])
        refuse_masks(data["notifier_config"])
        with transaction.atomic():
            made = bus().listeners.by(self.author).create(
                type_id, data["notifier_config"], data["event_types"], enabled=data["enabled"],
                connection=connection, **options_of(data, whole=True),
            )  # fmt: skip
            row = EventListener.objects.get(listener_id=made.id)
        answer = self.get_serializer(shown(row, made)).data
        return Response(answer, status=status.HTTP_201_CREATED, headers={"Location": answer["pulp_href"]})

    @extend_schema(summary="Replace an event listener", responses=EventListenerSerializer)
    def update(self, request: Any, pk: str, **kwargs: Any) -> Response:
        """All of it but the notifier type: what is not given has its default; keys of notifier_config that are not
        given are removed, secrets too."""
        return self._change(request, whole=True)

    @extend_schema(summary="Update an event listener", responses=EventListenerSerializer)
    def partial_update(self, request: Any, pk: str, **kwargs: Any) -> Response:
        """What is not given stays, also keys of notifier_config; one that is null is removed."""
        return self._change(request, whole=False)

    @extend_schema(summary="Delete an event listener", responses={204: None})
    def destroy(self, request: Any, pk: str, **kwargs: Any) -> Response:
        """What is pending for it is then dead."""
        row = self._of_a_user()
        with transaction.atomic():
            bus().listeners.by(self.author).delete(row.listener_id, connection=connection)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(summary="Send a test event", request=None, responses={200: TrialResultsSerializer})
    @action(detail=True, methods=["post"], serializer_class=TrialResultsSerializer, throttle_classes=[TestThrottle])
    def test(self, request: Any, pk: str, **kwargs: Any) -> Response:
        """Send a marked test event now, and answer what became of it. Nothing is stored, or tried again."""
        row = self._of_a_user()
        results = tried(listener_of(row), self.author.name)
        return Response(TrialResultsSerializer({"results": results}).data)

    @extend_schema(summary="Mute an event listener", request=MuteSerializer, responses={200: EventListenerSerializer})
    @action(detail=True, methods=["post"], serializer_class=MuteSerializer)
    def mute(self, request: Any, pk: str, **kwargs: Any) -> Response:
        """Deliver nothing until then; what is emitted meanwhile waits."""
        asked = MuteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        row = self._of_a_user()
        with transaction.atomic():
            after = bus().listeners.by(self.author).mute(row.listener_id, connection=connection, **asked.validated_data)
        return self._answer(row, after)

    @extend_schema(summary="Unmute an event listener", request=None, responses={200: EventListenerSerializer})
    @action(detail=True, methods=["post"], serializer_class=EventListenerSerializer)
    def unmute(self, request: Any, pk: str, **kwargs: Any) -> Response:
        """Deliver again, and what waited."""
        row = self._of_a_user()
        with transaction.atomic():
            after = bus().listeners.by(self.author).unmute(row.listener_id, connection=connection)
        return self._answer(row, after)

    @extend_schema(
        summary="List deliveries of an event listener",
        parameters=[DeliveryListFilterSerializer], responses=DeliverySerializer(many=True),
    )  # fmt: skip
    @action(
        detail=True, methods=["get"], serializer_class=DeliverySerializer, pagination_class=DeliveryPages,
        filter_backends=[], filterset_class=None,
    )  # fmt: skip
    def deliveries(self, request: Any, pk: str, **kwargs: Any) -> Response:
        """The newest first."""
        asked = DeliveryListFilterSerializer(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        row = self.get_object()
        query, before = query_of([row], asked.validated_data)
        found = self.paginator.page_of(bus().deliveries, query, before, request)
        context = {**self.get_serializer_context(), "hrefs": hrefs_of([row])}
        return self.paginator.get_paginated_response(DeliverySerializer(found, many=True, context=context).data)

    @extend_schema(summary="List changes of an event listener", responses=ListenerChangeSerializer(many=True))
    @action(
        detail=True,
        methods=["get"],
        serializer_class=ListenerChangeSerializer,
        filter_backends=[],
        filterset_class=None,
    )
    def history(self, request: Any, pk: str, **kwargs: Any) -> Response:
        """The newest first."""
        found = bus().listeners.by(self.author).history(self.get_object().listener_id)
        page = self.paginate_queryset(found)
        return self.get_paginated_response(ListenerChangeSerializer(page, many=True).data)

    @extend_schema(summary="Deliver again", request=RetrySerializer, responses={200: RetriedSerializer})
    @action(detail=True, methods=["post"], serializer_class=RetrySerializer)
    def retry(self, request: Any, pk: str, **kwargs: Any) -> Response:
        """Make what is dead, or in another state, again."""
        asked = RetrySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        row = self._of_a_user()
        query, _ = query_of([row], asked.validated_data)
        count = sum(bus().deliveries.by(self.author).retry(query))
        return Response(RetriedSerializer({"count": count}).data)

    def _of_a_user(self) -> EventListener:
        """The listener, where users may change it."""
        row: EventListener = self.get_object()
        refuse_administrators(row, self.author)
        return row

    def _change(self, request: Any, whole: bool) -> Response:
        row = self._of_a_user()
        serializer = self.get_serializer(shown(row), data=request.data, partial=not whole)
        serializer.is_valid(raise_exception=True)
        data, listener = serializer.validated_data, listener_of(row)
        refuse_generated(bus().plugins, listener.notifier_type_id, data.get("notifier_config", {}))

        def config(before: Any) -> dict[str, Any]:
            stored = thaw(before)
            given = as_stored(bus().plugins, listener, stored, data["notifier_config"])
            return {**(dict.fromkeys(stored) if whole else {}), **given}

        acting = bus().listeners.by(self.author).within(connection)
        with transaction.atomic():
            after = acting.update(
                row.listener_id, config if "notifier_config" in data else None, data.get("event_types"),
                **options_of(data, whole),
            )  # fmt: skip
            if "enabled" in data and data["enabled"] != after.enabled:
                after = (acting.enable if data["enabled"] else acting.disable)(row.listener_id)
        return self._answer(row, after)

    def _answer(self, row: EventListener, after: Listener) -> Response:
        row.refresh_from_db()
        answer = EventListenerSerializer(shown(row, after), context=self.get_serializer_context())
        return Response(answer.data)
