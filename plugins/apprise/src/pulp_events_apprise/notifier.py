"""`AppriseNotifier`: the notifier type `apprise`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulp_events import Channel, Delivery, Notifier, PermanentFailure
from pulp_events_apprise.config import AppriseConfig
from pulp_events_apprise.urls import ALL, labels


class AppriseNotifier(Notifier):
    """Words each event as a title and a body, and sends them to each of the listener's services."""

    type_id = "apprise"
    config_schema = AppriseConfig
    time_limit = 60.0

    def open(self, config: Mapping[str, Any], settings: Mapping[str, Any]) -> Channel:
        """A channel that holds the services of the listener's URLs, ready to be used."""
        from pulp_events_apprise.channel import AppriseChannel

        return AppriseChannel(config)

    def preview(self, deliveries: Sequence[Delivery], config: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
        """Title, an empty line, and body."""
        from pulp_events.templates import TemplateError
        from pulp_events_apprise.wording import Wording

        event = deliveries[0].event
        try:
            wording = Wording(config)
            return f"{wording.title(event)}\n\n{wording.body(event)}"
        except TemplateError as error:
            raise PermanentFailure(str(error)) from None

    def targets(self, config: Mapping[str, Any]) -> Sequence[str]:
        """A label for each URL: its scheme, with a number from the second of a kind: `slack`, `ntfy`, `slack 2`.

        While the URLs are a reference nobody knows how many there are: one target then stands for all of them.
        """
        return tuple(labels(config["url"])) if "url" in config else (ALL,)
