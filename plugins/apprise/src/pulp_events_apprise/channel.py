"""`AppriseChannel`: the services of one listener, ready to be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apprise import Apprise, AppriseResult

from pulp_events import Channel, Delivery, Event, PermanentFailure, TransientFailure
from pulp_events.templates import TemplateError
from pulp_events.visible import one_line
from pulp_events_apprise.scrubbing import scrubbed, scrubber
from pulp_events_apprise.services import UnusableUrl, asset, service_of
from pulp_events_apprise.urls import ALL, labels
from pulp_events_apprise.wording import Wording, kind

NAMES_DELIVERIES = ("json", "jsons", "xml", "xmls", "form", "forms")
"""Schemes of Apprise's own web hooks, whose requests may have headers of ours: the delivery's id travels in one."""


class AppriseChannel(Channel):
    """Sends each event to the service that its delivery is for.

    Services are made once and used by this channel alone. Apprise makes a connection for each message; what a service
    keeps between two of them (a log-in, the pause that it asks for) it keeps here.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self._services: dict[str, Apprise] = {}

    def open(self) -> None:
        """Compile the templates and make the services; nothing is sent.

        Raises PermanentFailure if a template or a URL cannot be used.
        """
        try:
            self._wording = Wording(self._config)
            urls = labels(self._config["url"])
            services: dict[str, Any] = {label: service_of(url) for label, url in urls.items()}
        except TemplateError as error:
            raise PermanentFailure(f"{error}; change the listener's template") from None
        except UnusableUrl as error:
            raise PermanentFailure(f"a URL {error}") from None
        self._scrub = scrubber((urls[label], service.url(privacy=True)) for label, service in services.items())
        self._named = {label: service for label, service in services.items() if label.split()[0] in NAMES_DELIVERIES}
        self._services = {label: Apprise(service, asset=asset()) for label, service in services.items()}

    def close(self) -> None:
        """Forget the services."""
        self._services = {}

    def send(self, delivery: Delivery) -> None:
        """Send the event to the service that is the delivery's target.

        Raises TransientFailure with what Apprise logged if the service was not notified, PermanentFailure if a
        template cannot be rendered for this event, or the listener no longer has this service.
        """
        event = delivery.event
        try:
            title, body = self._wording.title(event), self._wording.body(event)
        except TemplateError as error:
            raise PermanentFailure(f"{error}; change the listener's template") from None
        if not body.strip():
            raise PermanentFailure(
                "the body template produced no text for this event; Apprise does not send empty messages"
            )
        failures = [
            f"{label}: {why}"
            for label in self._labels(delivery.target)
            if (why := self._notify(label, delivery.id, title, body, event))
        ]
        if failures:
            raise TransientFailure("; ".join(failures))
        self.detail = "accepted by Apprise"

    def _labels(self, target: str) -> Iterable[str]:
        if target == ALL:
            return tuple(self._services)
        if target not in self._services:
            raise PermanentFailure(f"the listener no longer has the URL {target!r}; it was updated in the meantime")
        return (target,)

    def _notify(self, label: str, delivery_id: str, title: str, body: str, event: Event) -> str:
        """Why the service was not notified; empty if it was."""
        if label in self._named:
            self._named[label].headers["Pulp-Delivery-Id"] = delivery_id
        try:
            with scrubbed(self._scrub):
                result = self._services[label].notify(
                    body=body, title=title, notify_type=kind(event), body_format=self._wording.format
                )
        except Exception as error:  # noqa: BLE001  # what it was made from may hold the URL: neither cause nor traceback
            return self._scrub(f"{type(error).__name__}: {error}")
        return "" if result else self._reason(result)

    def _reason(self, result: AppriseResult) -> str:
        lines = dict.fromkeys(one_line(entry.message) for entry in result.logs())
        return self._scrub(" ".join(lines)) or "not notified, and Apprise does not say why"
