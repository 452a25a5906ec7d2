"""`EmailNotifier`: the notifier type `email`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from marshmallow import ValidationError

from pulp_events.notifier import AS_SETTINGS_SAY, Config, Notifier
from pulp_events_email.config import MARK, EmailConfig
from pulp_events_email.settings import DISABLED, NONE, SENDMAIL, STARTTLS_IF_OFFERED, EmailSettings

if TYPE_CHECKING:
    from pulp_events import Channel, Delivery
    from pulp_events_email.notices import Notices


class EmailNotifier(Notifier):
    """Sends each event report as a message of its own to each of the listener's addresses."""

    type_id = "email"
    config_schema = EmailConfig
    settings_section = "email"
    settings_schema = EmailSettings
    update_help = "update an event listener"
    connects_to = AS_SETTINGS_SAY

    @cached_property
    def _notices(self) -> Notices:
        from pulp_events_email.notices import Notices

        return Notices()

    def open(self, config: Config, settings: Config) -> Channel:
        """A channel that keeps one connection to the mail server, or one to this machine's sendmail."""
        if settings["transport"] == SENDMAIL:
            from pulp_events_email.sendmail import SendmailChannel

            return SendmailChannel(config, settings)
        from pulp_events_email.channel import EmailChannel

        return EmailChannel(config, settings, self._notices)

    def settings_warnings(self, settings: Config) -> Sequence[str]:
        """CA certificates that cannot be used."""
        from pulp_events.tls import ca_fault

        path = settings.get("ca_path")
        return [f"ca_path: {fault}; no mail can be sent over TLS"] if path and (fault := ca_fault(path)) else []

    def check(self, config: Config) -> None:
        """Compile the templates and make a message with them. One that breaks later costs no event.

        And look at where recipients are to unsubscribe, which is not to cost any either.
        """
        if "unsubscribe" in config:
            from pulp_events_email import unsubscribe

            try:
                unsubscribe.check(config["unsubscribe"])
            except ValueError as error:
                raise ValidationError(str(error), "unsubscribe") from None
        if MARK not in config.get("subject", "") and "template" not in config:
            return
        from pulp_events_email.sample import try_templates

        try_templates(config)

    def targets(self, config: Config) -> Sequence[str]:
        """The recipients: a message for each, so that a bad address neither blocks nor repeats the others."""
        return list(config["addresses"])

    def window(self, config: Config) -> float | None:
        """That of `--digest`."""
        return config.get("digest")

    def preview(self, deliveries: Sequence[Delivery], config: Config, settings: Config) -> str:
        """The subject, and the text of the message."""
        from pulp_events_email.preview import preview

        return preview(deliveries, config, settings)

    def limit(self, config: Config, settings: Config) -> float:
        """The channel keeps to shorter limits itself; this one allows for the answer to a whole message."""
        from pulp_events_email.limits import Limits

        return Limits.longest(float(settings["timeout"]))

    def probe(self, settings: Config) -> Sequence[str]:
        """Connect, encrypt, log in and offer the sender; say what was found. Nothing is sent."""
        if not settings["enabled"]:
            return [DISABLED]
        from pulp_events_email.probe import probe

        return probe(settings)

    def warnings(self, config: Config, settings: Config) -> Sequence[str]:
        """That email is disabled, or its password sent in the clear."""
        found = []
        if not settings["enabled"]:
            found.append(DISABLED)
        if "username" in settings and not _is_local(settings["host"]):
            if settings["security"] == NONE:
                found.append(
                    "the mail server's password will be sent unencrypted; set `security` in the section [email]"
                )
            elif settings["security"] == STARTTLS_IF_OFFERED:
                found.append(
                    "the mail server's certificate is not verified, so anyone on the network path can read its "
                    "password; set `security = starttls` in the section [email]"
                )
        return found


def _is_local(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1") or host.startswith("/")
