"""The app that Django loads."""

from __future__ import annotations

from django.apps import AppConfig


class SeenConfig(AppConfig):  # type: ignore[misc]
    """Brings the table `pulp_events_seen`."""

    name = "pulp_events_receiver.seen.django"
    label = "pulp_events_seen"
    verbose_name = "deliveries of pulp-events"
    default_auto_field = "django.db.models.BigAutoField"
