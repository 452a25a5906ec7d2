"""Pages of Django's admin: listeners and deliveries."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path

from pulp_events import DeliveryQuery, EventBus
from pulp_events.errors import EventsError
from pulp_events.outbox.states import State
from pulp_events_django.models import Delivery, Listener
from pulp_events_django.project_bus import get_bus

PAGE = 100


class BusAdmin(admin.ModelAdmin):
    """One page, whose rows are asked of the bus, and buttons in it."""

    template = ""

    def get_urls(self) -> list[Any]:
        """The page alone: what it lists is in no table of Django's."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        return [path("", self.admin_site.admin_view(self.changelist_view), name=name)]

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        """Listeners are made by `manage.py pulp_events listener`, deliveries by events."""
        return False

    def has_delete_permission(self, request: HttpRequest, *_: Any) -> bool:
        """See `has_add_permission`."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the rows, or do what a button says, and show them again."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            if not self.has_change_permission(request):
                raise PermissionDenied
            self._act(request)
            return HttpResponseRedirect(request.get_full_path())
        context: dict[str, Any] = {
            **self.admin_site.each_context(request), "title": self.opts.verbose_name_plural.capitalize(),
            "opts": self.opts, "may_change": self.has_change_permission(request),
        }  # fmt: skip
        try:
            context |= self.rows(get_bus(), request)
        except EventsError as error:
            messages.error(request, str(error))
        return TemplateResponse(request, self.template, context)

    def _act(self, request: HttpRequest) -> None:
        try:
            said = self.act(get_bus(), request, request.POST.get("action", ""), request.POST.get("id", ""))
        except EventsError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, said)

    def rows(self, bus: EventBus, request: HttpRequest) -> dict[str, Any]:
        """What the template shows."""
        raise NotImplementedError

    def act(self, bus: EventBus, request: HttpRequest, action: str, key: str) -> str:
        """Do it to the row with this key; returns what was done. Raises EventsError."""
        raise NotImplementedError


@admin.register(Listener)
class ListenerAdmin(BusAdmin):
    """Listeners, with how their last deliveries went."""

    template = "pulp_events_django/listeners.html"

    def rows(self, bus: EventBus, request: HttpRequest) -> dict[str, Any]:
        """All of them."""
        health, now = bus.deliveries.health(), bus.clock.time()
        return {
            "listeners": [
                {"listener": each, "health": health.get(each.id), "muted": each.muted_for(now)}
                for each in bus.listeners.list()
            ]
        }

    def act(self, bus: EventBus, request: HttpRequest, action: str, key: str) -> str:
        """`enable`, `disable`, `mute` for an hour, `unmute`, `test`."""
        listeners = bus.listeners.by(request.user.get_username())
        name = bus.listeners.get(key).name or key
        if action == "test":
            results = bus.test_listener(key)
            return f"Test of {name}: " + "; ".join(str(each.outcome) for each in results)
        if action == "mute":
            listeners.mute(key, 3600.0)
        elif action in ("enable", "disable", "unmute"):
            getattr(listeners, action)(key)
        else:
            raise EventsError(f"{action!r} is not an action of a listener")
        return f"{name}: {action}d"


@admin.register(Delivery)
class DeliveryAdmin(BusAdmin):
    """Deliveries, the newest first; dead ones can be made again."""

    template = "pulp_events_django/deliveries.html"

    def rows(self, bus: EventBus, request: HttpRequest) -> dict[str, Any]:
        """A page of those that fit what is asked for."""
        asked: dict[str, Any] = {name: request.GET.get(name) or None for name in ("state", "listener_id", "event_type")}
        found = bus.deliveries.list(DeliveryQuery(**asked), limit=PAGE, before=request.GET.get("before") or None)
        more = request.GET.copy()
        if len(found) == PAGE:
            more["before"] = found[-1].id
        names = {each.id: each.name or each.id for each in bus.listeners.list()}
        return {
            "deliveries": [{"delivery": each, "name": names.get(each.listener_id, each.listener_id)} for each in found],
            "asked": asked, "states": [str(each) for each in State], "names": names,
            "more": more.urlencode() if len(found) == PAGE else None,
        }  # fmt: skip

    def act(self, bus: EventBus, request: HttpRequest, action: str, key: str) -> str:
        """`retry`."""
        if action != "retry":
            raise EventsError(f"{action!r} is not an action of a delivery")
        delivery = bus.deliveries.get(key)
        count = sum(bus.deliveries.retry(DeliveryQuery(ids=[key], state=delivery.state)))
        return f"{key} is delivered again" if count else f"{key} is being attempted"
