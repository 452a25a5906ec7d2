"""`EmailNotifier`: the notifier type `email`."""

from __future__ import annotations

from collections.abc import Sequence

from pulp_events import Channel, Notifier
from pulp_events.notifier import Config
from pulp_events_email.config import EmailConfig
from pulp_events_email.settings import NONE, EmailSettings

DISABLED = "email is disabled; put `enabled = true` into the section [email] of server.conf"


class EmailNotifier(Notifier):
    """Sends each event report as a message of its own to each of the listener's addresses."""

    type_id = "email"
    config_schema = EmailConfig
    settings_section = "email"
    settings_schema = EmailSettings
    update_help = "update an event listener"

    def open(self, config: Config, settings: Config) -> Channel:
        """A channel that keeps one connection to the mail server."""
        from pulp_events_email.channel import EmailChannel

        return EmailChannel(config, settings)

    def targets(self, config: Config) -> Sequence[str]:
        """The recipients: a message for each, so that a bad address neither blocks nor repeats the others."""
        return list(config["addresses"])

    def limit(self, config: Config, settings: Config) -> float:
        """The channel ends a delivery itself after `timeout`; only a name look-up, which nothing ends, takes longer."""
        return float(settings["timeout"]) + 10.0

    def warnings(self, config: Config, settings: Config) -> Sequence[str]:
        """That email is disabled, or its password sent in the clear."""
        found = []
        if not settings["enabled"]:
            found.append(DISABLED)
        if "username" in settings and settings["security"] == NONE and settings["host"] not in _LOOPBACK:
            found.append("the mail server's password will be sent unencrypted; set `security` in the section [email]")
        return found


_LOOPBACK = ("localhost", "127.0.0.1", "::1")
