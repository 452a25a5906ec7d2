"""The Django application."""

from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class PulpEventsConfig(AppConfig):
    """`INSTALLED_APPS = [..., "pulp_events_django"]`."""

    name = "pulp_events_django"
    verbose_name = "Events"

    def ready(self) -> None:
        """Import the modules `events` of all applications; nothing is opened before the first event."""
        from pulp_events_django.checks import check_settings
        from pulp_events_django.tables import make_tables

        checks.register(check_settings)
        post_migrate.connect(make_tables, sender=self)
        autodiscover_modules("events")
