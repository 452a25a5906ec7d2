"""Django system checks: what this plugin relies on in pulpcore is there.

`pulpcore-manager check`, and `migrate` before it changes anything, say what is not.
"""

from typing import Any

from django.core import checks

from pulp_events_pulpcore.app.requirements import needed

ERROR_ID = "events.E001"
LOST = "events.E002"
HINT = (
    "Events that depend on it are lost or incomplete. Update pulp-events-pulpcore, or install a pulpcore of the range "
    "that its README names; without the plugin, Pulp works as before."
)


def register() -> None:
    """Register the checks with Django."""
    checks.register(check_pulpcore, "pulp_events")


def check_pulpcore(app_configs: Any = None, **_: object) -> list[checks.CheckMessage]:
    """An Error for each thing that pulpcore no longer has, or has in another form."""
    try:
        requirements = list(needed())
    except (ImportError, AttributeError) as error:
        return [checks.Error(f"pulp-events-pulpcore does not fit this pulpcore: {error}.", hint=HINT, id=LOST)]
    found = [(each, each.fault()) for each in requirements]
    return [
        checks.Error(f"pulp-events-pulpcore needs this of pulpcore {each.purpose}: {fault}.", hint=HINT, id=ERROR_ID)
        for each, fault in found
        if fault is not None
    ]
