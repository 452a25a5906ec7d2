"""What a message would say: its subject and its text, read back from the message as it would be sent."""

from __future__ import annotations

from collections.abc import Sequence
from email import message_from_bytes, policy

from pulp_events import Delivery
from pulp_events.notifier import Config
from pulp_events_email.message import Composer


def preview(deliveries: Sequence[Delivery], config: Config, settings: Config) -> str:
    """`Subject: …`, an empty line, and the text."""
    composer, recipient = Composer(config, settings), deliveries[0].target
    if config.get("digest") is None:
        octets = composer.compose(deliveries[0], recipient)
    else:
        octets = composer.compose_digest(deliveries, recipient)
    message = message_from_bytes(octets, policy=policy.default)
    body = message.get_body(("plain", "html"))
    lines = [] if body is None else str(body.get_content()).splitlines()
    return "\n".join([f"Subject: {message['Subject']}", "", *lines])
