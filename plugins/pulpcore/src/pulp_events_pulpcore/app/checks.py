"""Django system checks: what this plugin relies on in pulpcore is there.

`pulpcore-manager check`, and `migrate` before it changes anything, say what is not.
"""

import logging
from typing import Any

from django.core import checks

from pulp_events_pulpcore.app.requirements import needed

_logger = logging.getLogger(__name__)

ERROR_ID = "events.E001"
SETTINGS = "events.E003"
UNFIT = "events.E002"
"""So much is different that the checks cannot be made."""
HINT = (
    "Until then Pulp emits no events. Install a pulp-events-pulpcore that knows this pulpcore, or a pulpcore "
    "of the range that its README names."
)


def register() -> None:
    """Register the checks with Django."""
    checks.register(check_pulpcore, "pulp_events")
    checks.register(check_settings, "pulp_events")


def fits() -> bool:
    """Whether all is in place. What is not is logged: a server that starts runs no checks."""
    found = check_pulpcore()
    for each in found:
        _logger.error("%s", each)
    return not found


def check_pulpcore(app_configs: Any = None, **_: object) -> list[checks.CheckMessage]:
    """An Error for each thing that pulpcore no longer has, or has in another form."""
    try:
        requirements = list(needed())
    except (ImportError, AttributeError) as error:
        return [checks.Error(f"pulp-events-pulpcore does not fit this pulpcore: {error}.", hint=HINT, id=UNFIT)]
    found = [(each, each.fault()) for each in requirements]
    return [
        checks.Error(f"pulp-events-pulpcore needs this of pulpcore {each.purpose}: {fault}.", hint=HINT, id=ERROR_ID)
        for each, fault in found
        if fault is not None
    ]


def check_settings(app_configs: Any = None, **_: object) -> list[checks.CheckMessage]:
    """An Error where PULP_EVENTS is not valid, or Django's DATABASES cannot be used: no event would be emitted."""
    from pulp_events.errors import EventsError
    from pulp_events.plugins.registry import Plugins
    from pulp_events.settings.settings import Settings
    from pulp_events_pulpcore.given import settings_mapping

    try:
        Settings.load(None, Plugins.load().settings_sections, settings_mapping())
    except EventsError as error:
        hint = "Correct it in Pulp's settings; until then Pulp emits no events."
        return [checks.Error(f"{error}.", hint=hint, id=SETTINGS)]
    return []
