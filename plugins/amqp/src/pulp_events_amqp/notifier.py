"""`AmqpNotifier`: the notifier type `amqp`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pulp_events.notifier import AS_SETTINGS_SAY, Config, Notifier
from pulp_events_amqp.config import AmqpConfig
from pulp_events_amqp.settings import MessagingSettings

if TYPE_CHECKING:
    from pulp_events import Channel


class AmqpNotifier(Notifier):
    """Publishes reports to a topic exchange of an AMQP 1.0 broker; the routing key is the event type."""

    type_id = "amqp"
    config_schema = AmqpConfig
    settings_section = "messaging"
    settings_schema = MessagingSettings
    update_help = "update an event listener"
    connects_to = AS_SETTINGS_SAY

    def open(self, config: Config, settings: Config) -> Channel:
        """A channel on the connection that all channels of this process share."""
        from pulp_events_amqp.channel import AmqpChannel  # imports proton, which is not to slow the CLI

        return AmqpChannel(config.get("exchange") or settings["topic_exchange"], config, settings)

    def limit(self, config: Config, settings: Config) -> float:
        """A batch takes at most `timeout`, and so do a new connection to each broker of the list and its link."""
        from pulp_events_amqp.address import parse_urls

        return (len(parse_urls(settings["url"])) + 2) * float(settings["timeout"]) + 5.0

    def probe(self, settings: Config) -> Iterator[str]:
        """Who the brokers are, whether the exchange is there, and what we may do."""
        from pulp_events_amqp.probe import probe

        return probe(settings)

    def settings_warnings(self, settings: Config) -> Sequence[str]:
        """CA certificates that cannot be used."""
        from pulp_events.tls import ca_fault

        path = settings["cacert"]
        return [f"cacert: {fault}; no broker is reached over TLS"] if path and (fault := ca_fault(path)) else []

    def warnings(self, config: Config, settings: Config) -> Sequence[str]:
        """Passwords that would travel in the clear."""
        from pulp_events_amqp.address import parse_urls
        from pulp_events_amqp.exposure import plain_warning

        return [
            warning
            for address in parse_urls(settings["url"])
            if (warning := plain_warning(address, settings)) is not None
        ]
