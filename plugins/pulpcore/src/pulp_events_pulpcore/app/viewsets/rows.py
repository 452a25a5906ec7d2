"""Rows of listeners: whose they are, and what REST calls them."""

from collections.abc import Iterable

from pulpcore.plugin.util import get_url
from rest_framework.exceptions import PermissionDenied

from pulp_events import Author
from pulp_events_pulpcore.app.models import EventListener
from pulp_events_pulpcore.app.rest import domains_are_on
from pulp_events_pulpcore.app.shown import listener_of


def refuse_administrators(row: EventListener, author: Author) -> None:
    """Raise PermissionDenied for a listener that is only shown: no user's, or of events of other domains."""
    listener = listener_of(row)
    if not listener.untrusted or listener.scope != author.scope:
        raise PermissionDenied("This listener is an administrator's; it is changed and tested with pulp-admin.")


def hrefs_of(rows: Iterable[EventListener]) -> dict[str, str]:
    """The href of each, by listener id."""
    return {row.listener_id: _href(row) for row in rows}


def _href(row: EventListener) -> str:
    # `reverse` of pulpcore would do, but 3.49 has none.
    found: str = get_url(row, domain=(row.pulp_domain or "default") if domains_are_on() else None)
    return found
