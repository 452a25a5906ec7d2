"""What an administrator is told when a listener is created or updated."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from pulp_events.deadline import Deadline
from pulp_events.networks import ForbiddenAddress, Networks
from pulp_events.notifier import Config, is_given
from pulp_events.tls import ca_fault
from pulp_events_http.sample import is_fragile

LOOK_UP = 2.0
"""Seconds that the look-up of the host's name may take here."""


def advice(config: Config, settings: Config) -> Iterator[str]:
    """A sentence for each thing, without a secret in it."""
    secure = config["url"].lower().startswith("https:")
    if not secure:
        for key, what in (("username", "user name and password"), ("token", "the token"), ("header", "the headers")):
            if is_given(config, key):
                yield f"{what} will be sent unencrypted; use an https URL"
        for key in ("cert", "insecure"):
            if config.get(key):
                yield f"{key} has no effect on an http URL"
    elif config.get("insecure"):
        yield "the server's certificate will not be verified; to trust a private authority, use ca_path"
    if path := config.get("ca_path"):
        if not secure:
            yield "ca_path has no effect on an http URL"
        elif config.get("insecure"):
            yield "ca_path has no effect with insecure"
    for key in ("ca_path", "cert", "key"):
        path = config.get(key)
        if path and secure and not os.access(path, os.R_OK):
            yield f"{key} {path} cannot be read here; deliveries fail wherever it cannot be read"
        elif path and secure and key == "ca_path" and not config.get("insecure") and (fault := ca_fault(path)):
            yield f"ca_path: {fault}; deliveries will fail"
    if config.get("format") == "template" and is_fragile(config["body_template"], config.get("content_type")):
        yield (
            "body_template produces malformed JSON for values that contain quotes or line breaks; "
            'write {{ payload.repo_id | tojson }} instead of "{{ payload.repo_id }}"'
        )
    yield from _address(config, settings)


def advice_on_settings(settings: Config) -> Iterator[str]:
    """The same on `[http]`."""
    for key in ("ca_path", "proxy_ca_path"):
        if (path := settings.get(key)) and (fault := ca_fault(path)):
            yield f"{key}: {fault}; deliveries that need it will fail"


def _address(config: Config, settings: Config) -> Iterator[str]:
    host = urlsplit(config["url"]).hostname or ""
    deadline = Deadline()
    deadline.start(LOOK_UP)
    try:
        Networks(settings.get("networks", ["any"])).check_name(host, deadline)
    except ForbiddenAddress as error:
        yield f"{host}: {error.strerror}; deliveries will fail"
