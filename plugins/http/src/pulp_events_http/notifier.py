"""`HttpNotifier`: the notifier type `http`."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pulp_events import Channel, Notifier
from pulp_events.notifier import Config
from pulp_events_http.config import HttpConfig, HttpSettings


class HttpNotifier(Notifier):
    """POSTs each event report to the listener's URL."""

    type_id = "http"
    config_schema = HttpConfig
    settings_section = "http"
    settings_schema = HttpSettings
    update_help = "update a listener"

    def open(self, config: Config, settings: Config) -> Channel:
        """A channel that keeps one connection to the URL's host."""
        from pulp_events_http.channel import HttpChannel

        return HttpChannel(config, timeout=settings["timeout"])

    def limit(self, config: Config, settings: Config) -> float:
        """The channel ends a request itself after `timeout`; only a name look-up, which nothing ends, takes longer."""
        return float(settings["timeout"]) + 10.0

    def warnings(self, config: Config, settings: Config) -> Sequence[str]:
        """Credentials in the clear, and a `ca_path` that is of no use."""
        found = []
        secure = config["url"].lower().startswith("https:")
        if "username" in config and not secure:
            found.append("user name and password will be sent unencrypted; use an https URL")
        if path := config.get("ca_path"):
            if not secure:
                found.append("ca_path has no effect on an http URL")
            elif not os.access(path, os.R_OK):
                found.append(f"ca_path {path} cannot be read here; deliveries will fail where it cannot be read")
        return found
