"""By what a list of listeners is narrowed."""

from typing import Any

from django_filters import CharFilter
from pulpcore.plugin.viewsets import NAME_FILTER_OPTIONS, BaseFilterSet

from pulp_events.events import pattern
from pulp_events_pulpcore.app.models import EventListener


class EventListenerFilter(BaseFilterSet):
    """Filters of `event-listeners/`."""

    event_type = CharFilter(
        method="filter_event_type", help_text="Listeners that listen to this event type, or have this pattern"
    )
    ordering_fields = (
        ("position", "position"),
        ("name", "name"),
        ("notifier_type_id", "notifier_type_id"),
        ("enabled", "enabled"),
        ("pulp_last_updated", "pulp_last_updated"),
    )

    class Meta:
        model = EventListener
        fields = {
            "name": NAME_FILTER_OPTIONS,
            "notifier_type_id": ["exact", "in"],
            "enabled": ["exact"],
            "listener_id": ["exact", "in"],
        }

    def filter_event_type(self, queryset: Any, name: str, value: str) -> Any:
        """By patterns too, which the database knows nothing of."""
        found = [
            pk
            for pk, texts in queryset.values_list("pk", "event_types")
            if value in texts or any(pattern.matches(text, value) for text in texts)
        ]
        return queryset.filter(pk__in=found)
