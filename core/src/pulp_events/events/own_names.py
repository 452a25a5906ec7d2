"""The names of the event types by which the event system tells of itself. See docs/events-about-events.md."""

from __future__ import annotations

LISTENER_FAILING = "listener.failing"
LISTENER_RECOVERED = "listener.recovered"
LISTENER_DISABLED = "listener.disabled"
LISTENER_CHANGED = "listener.changed"
DELIVERY_DEAD = "delivery.dead"
DELIVERY_EXPIRING = "delivery.expiring"
OUTBOX_BACKLOG = "outbox.backlog"

ABOUT_LISTENERS = frozenset(
    (LISTENER_FAILING, LISTENER_RECOVERED, LISTENER_DISABLED, LISTENER_CHANGED, DELIVERY_DEAD, DELIVERY_EXPIRING)
)
"""Those that tell of one listener each."""

OWN = ABOUT_LISTENERS | {OUTBOX_BACKLOG}
"""All of them."""

BY_NAME = OWN - {LISTENER_DISABLED}
"""Those that a pattern matches only if it begins with their first word: whoever listens to everything that an
application does, with `*` or `#`, has not asked how listeners do. The one that is older than this rule is as it was."""
