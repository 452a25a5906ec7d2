"""What this package adds to `pulp_events`: the project's settings, for `manage.py pulp_events`, and its event types."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pulp_events import EventType, hookimpl
from pulp_events_django.environment import SET_UP

if TYPE_CHECKING:
    from pulp_events.settings.given import SettingsMapping


@hookimpl
def pulp_settings() -> SettingsMapping | None:
    """Those of the project, in a process of it."""
    if not _is_project():
        return None
    from pulp_events_django.project_settings import settings_mapping

    return settings_mapping()


@hookimpl
def pulp_event_types() -> Sequence[EventType]:
    """Those in the list `EVENT_TYPES` of each application's module `events`."""
    if not _is_project():
        return ()
    from pulp_events_django.project_bus import event_modules

    return [each for name in event_modules() for each in getattr(sys.modules[name], "EVENT_TYPES", ())]


def _is_project() -> bool:
    """Whether Django is set up in this process, with this application."""
    if os.environ.get(SET_UP) and os.environ.get("DJANGO_SETTINGS_MODULE"):
        import django

        if not django.apps.apps.ready:
            django.setup()
    registry = sys.modules.get("django.apps")
    return registry is not None and registry.apps.ready and registry.apps.is_installed("pulp_events_django")
