"""REST API and web console of pulp-events: `pulp-admin event web`, or a WSGI application to mount behind anything.

    from pulp_events import EventBus
    from pulp_events_web import create_app

    application = create_app(EventBus.open(deliver="external"))

Importing this imports no web framework; `create_app` does.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulp_events_web.app import create_app as create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    if name == "create_app":
        from pulp_events_web.app import create_app

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
