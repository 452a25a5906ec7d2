"""What the parts of `access` share, one for each application."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, current_app

from pulp_events_web.access.hosts import Hosts
from pulp_events_web.access.listening import parse
from pulp_events_web.access.one_time import OneTimeLink
from pulp_events_web.access.sessions import Sessions
from pulp_events_web.access.store import AccessStore
from pulp_events_web.access.throttle import Throttle, rate
from pulp_events_web.access.tokens import Tokens

_NAME = "pulp_events_web.access"


@dataclass(frozen=True)
class Access:
    """Of one application."""

    tokens: Tokens
    sessions: Sessions
    throttle: Throttle
    hosts: Hosts
    link: OneTimeLink | None
    proxy_role: str
    max_body: int
    """Octets."""


def attach(app: Flask, folder: Path, settings: Mapping[str, Any], link: OneTimeLink | None) -> Access:
    """Make it the application's."""
    store = AccessStore(folder)
    tokens = Tokens(store, time.time)
    listen = parse(settings["listen"])
    hosts = list(settings["hosts"])
    if hosts and link is not None:
        hosts += ["localhost", "127.0.0.1", "[::1]"]  # where the link leads
    made = Access(
        tokens=tokens,
        sessions=Sessions(store, tokens, link, settings["session"], time.time),
        throttle=Throttle(rate(settings["requests"])),
        hosts=Hosts(hosts, listen),
        link=link,
        proxy_role=settings["proxy_role"],
        max_body=settings["max_body"],
    )
    app.extensions[_NAME] = made
    return made


def access() -> Access:
    """That of the application that answers."""
    found: Access = current_app.extensions[_NAME]
    return found
