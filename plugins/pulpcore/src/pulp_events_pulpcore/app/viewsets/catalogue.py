"""What `event-types/` and `event-notifiers/` have in common: they list what this server knows by name."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from pulp_events_pulpcore.app.rest import EventsViewMixin
from pulp_events_pulpcore.app.viewsets import policies

V = TypeVar("V", bound=type)


class CatalogueViewSet(EventsViewMixin, GenericViewSet):
    """For every user. What is shown of a thing is made for those of one page only.

    `lookup_field` is the name of the last part of a thing's path, `lookup_value_regex` what it looks like.
    """

    DEFAULT_ACCESS_POLICY = policies.FOR_ALL
    filter_backends: ClassVar[list[Any]] = []

    @abstractmethod
    def known(self) -> Mapping[str, Any]:
        """All things by name."""

    @abstractmethod
    def described(self, thing: Any) -> dict[str, Any]:
        """What is shown of one."""

    def list(self, request: Any, **kwargs: Any) -> Response:
        """By name."""
        page = self.paginate_queryset([thing for _, thing in sorted(self.known().items())])
        shown = [self.described(thing) for thing in page]
        return self.get_paginated_response(self.get_serializer(shown, many=True).data)

    def retrieve(self, request: Any, **kwargs: Any) -> Response:
        """The one of that name."""
        found = self.known().get(kwargs[self.lookup_field])
        if found is None:
            raise NotFound
        return Response(self.get_serializer(self.described(found)).data)


def in_schema(what: str, serializer: type[BaseSerializer], lookup: str, all_of_them: str, one: str) -> Callable[[V], V]:
    """Decorates a view with what the API's description says of it.

    `what`: such as `event type`; `lookup`: the parameter. `all_of_them`, `one`: descriptions.
    """
    parameter = OpenApiParameter(lookup, OpenApiTypes.STR, OpenApiParameter.PATH, description=f"The {what}.")
    article = "an" if what[0] in "aeiou" else "a"
    return extend_schema_view(
        list=extend_schema(summary=f"List {what}s", description=all_of_them, responses=serializer(many=True)),
        retrieve=extend_schema(
            summary=f"Inspect {article} {what}", description=one, responses=serializer, parameters=[parameter]
        ),
    )
