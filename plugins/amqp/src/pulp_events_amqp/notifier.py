"""`AmqpNotifier`: the notifier type `amqp`."""

from __future__ import annotations

from collections.abc import Sequence

from pulp_events import Channel, Notifier
from pulp_events.notifier import Config
from pulp_events_amqp.address import parse_url
from pulp_events_amqp.config import AmqpConfig
from pulp_events_amqp.settings import MessagingSettings


class AmqpNotifier(Notifier):
    """Publishes reports to a topic exchange of an AMQP 1.0 broker; the routing key is the event type."""

    type_id = "amqp"
    config_schema = AmqpConfig
    settings_section = "messaging"
    settings_schema = MessagingSettings
    update_help = "update an event listener"

    def open(self, config: Config, settings: Config) -> Channel:
        """A channel with a connection of its own to `[messaging] url`."""
        from pulp_events_amqp.channel import AmqpChannel  # imports proton, which is not to slow the CLI

        return AmqpChannel(config.get("exchange") or settings["topic_exchange"], settings)

    def limit(self, config: Config, settings: Config) -> float:
        """Opening takes at most `timeout`, a batch (with a new connection if that is needed) as long again."""
        return 2 * float(settings["timeout"]) + 5.0

    def warnings(self, config: Config, settings: Config) -> Sequence[str]:
        """Passwords that would travel in the clear."""
        address = parse_url(settings["url"])
        username = address.username or settings["username"]
        if not username or address.tls or address.is_loopback:
            return ()
        if settings["allow_insecure_plain"]:
            return (f"the password of user {username!r} is sent to {address} without TLS; use an amqps:// URL",)
        return (
            f"nothing will be sent to {address}: user {username!r} has a password and the connection no TLS; use an "
            "amqps:// URL in [messaging] url, or set [messaging] allow_insecure_plain = true",
        )
