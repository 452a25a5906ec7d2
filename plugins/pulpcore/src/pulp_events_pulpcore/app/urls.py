"""Views that belong to no model, beside those that pulpcore's own router has."""

from django.conf import settings
from django.urls import include, path
from rest_framework.routers import SimpleRouter

from pulp_events_pulpcore.app.viewsets import (
    EventDeliveryViewSet,
    EventNotifierViewSet,
    EventTypeViewSet,
    ListenerDeliveryViewSet,
)

_router = SimpleRouter()
_router.register("event-deliveries", EventDeliveryViewSet, "event-deliveries")
_router.register("event-notifiers", EventNotifierViewSet, "event-notifiers")
_router.register("event-types", EventTypeViewSet, "event-types")
_router.register(
    r"event-listeners/(?P<event_listener_pk>[0-9a-f-]{36})/deliveries", ListenerDeliveryViewSet, "listener-deliveries"
)

_root = settings.V3_DOMAIN_API_ROOT_NO_FRONT_SLASH if settings.DOMAIN_ENABLED else settings.V3_API_ROOT_NO_FRONT_SLASH
urlpatterns = [path(_root, include(_router.urls))]
