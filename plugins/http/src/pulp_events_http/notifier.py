"""`HttpNotifier`: the notifier type `http`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from marshmallow import ValidationError

from pulp_events.notifier import WITHIN_NETWORKS, Action, Config, Notifier
from pulp_events_http.config import HttpConfig, make_secret
from pulp_events_http.settings import HttpSettings

if TYPE_CHECKING:
    from pulp_events import Channel, Delivery
    from pulp_events.networks import Networks


class HttpNotifier(Notifier):
    """POSTs each event report to the listener's URL."""

    type_id = "http"
    config_schema = HttpConfig
    settings_section = "http"
    settings_schema = HttpSettings
    update_help = "update a listener"
    connects_to = WITHIN_NETWORKS

    def open(self, config: Config, settings: Config) -> Channel:
        """A channel that shares connections with those of other listeners."""
        from pulp_events_http.channel import HttpChannel

        return HttpChannel(config, settings)

    def open_within(self, config: Config, settings: Config, networks: Networks) -> Channel:
        """A channel that holds each address against `networks`, too, at the moment at which it connects to it."""
        from pulp_events_http.channel import HttpChannel

        return HttpChannel(config, settings, networks)

    def prepare(self, config: Config) -> Config:
        """A signing secret is made here, once: a reference whose text is the same word makes none at each delivery."""
        return make_secret(config)

    def check(self, config: Config) -> None:
        """Compile the template and make a body of a sample event with it."""
        if "body_template" not in config:
            return
        from pulp_events_http.sample import check_template

        try:
            check_template(config["body_template"], config.get("content_type"))
        except ValueError as error:
            raise ValidationError(f"It {str(error).rstrip('.')}.", "body_template") from None

    def preview(self, deliveries: Sequence[Delivery], config: Config, settings: Config) -> str | None:
        """The body, where it is not the report itself."""
        if config.get("format", "report") not in ("template", "cloudevents"):
            return None
        from pulp_events_http.body import body_maker

        return body_maker(config)(deliveries[0])[0].decode("utf-8", "replace")

    def limit(self, config: Config, settings: Config) -> float:
        """The channel ends a request itself after `timeout`; only a name look-up, which nothing ends, takes longer."""
        return float(settings["timeout"]) + 10.0

    def actions(self) -> Sequence[Action]:
        """`rotate-secret` and `show-secret`."""
        from pulp_events_http.rotation import ACTIONS

        return ACTIONS

    def warnings(self, config: Config, settings: Config) -> Sequence[str]:
        """What travels in the clear, files that are of no use, an address that may not be connected to, …"""
        from pulp_events_http.advice import advice

        return list(advice(config, settings))

    def settings_warnings(self, settings: Config) -> Sequence[str]:
        """CA certificates that cannot be used, and what is wrong with HTTP_PROXY, NO_PROXY and their like."""
        from pulp_events_http.advice import advice_on_settings
        from pulp_events_http.proxies import ENVIRONMENT, faults_of_environment

        of_environment = faults_of_environment() if settings["proxy"] == ENVIRONMENT else ()
        return [*advice_on_settings(settings), *of_environment]
