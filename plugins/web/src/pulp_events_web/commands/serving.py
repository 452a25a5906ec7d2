"""`pulp-admin event web`: serve the REST API and the console, in the foreground, until told to stop."""

from __future__ import annotations

import argparse
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pulp_events.errors import EventsError
from pulp_events.system import sd_notify

if TYPE_CHECKING:
    from pulp_events import EventBus
    from pulp_events_web.access.listening import Address
    from pulp_events_web.access.one_time import OneTimeLink

GRACE = 5.0
"""Seconds for requests under way at the end."""

_logger = logging.getLogger("pulp_events_web")


class CannotServe(EventsError):
    """The server cannot start; the text says why, and what to do."""


def run(bus: EventBus, arguments: argparse.Namespace) -> int:
    """Until SIGTERM or SIGINT."""
    import time

    from pulp_events_web.access.store import AccessStore
    from pulp_events_web.access.tokens import Tokens
    from pulp_events_web.app import create_app

    given = {} if arguments.listen is None else {"listen": arguments.listen}
    settings = {**bus.settings.section("web"), **given}
    address = _address(settings["listen"])
    tokens = Tokens(AccessStore(bus.data_dir), time.time)
    link = None if tokens.valid() else _link(address, settings)
    _log(arguments.json)
    application = create_app(bus, given, link)
    try:
        with arguments.stoppable() as stopped:
            _serve(application, address, settings, link, stopped, arguments.json)
    finally:
        if address.path:
            _remove(address.path)
    return 0


def _serve(
    application: Any,
    address: Address,
    settings: Mapping[str, Any],
    link: OneTimeLink | None,
    stopped: Any,
    as_json: bool,
) -> None:
    from pulp_events_web.commands.server import Server
    from pulp_events_web.context import stopping

    try:
        server = Server(application, address, settings)
    except OSError as error:
        raise CannotServe(
            f"{address}: {error.strerror or error}; free it, or choose another one with --listen HOST:PORT or as "
            "listen in section [web] of server.conf"
        ) from error
    if not address.path:
        address = replace(address, port=server.port)
    _logger.info("serving %s", address.url)
    if link is not None and address.path:
        _say_how(address, as_json)
    elif link is not None:
        _say_link(f"{address.url}login?token={link.secret}", as_json)
    sd_notify.ready(f"serving {address.url}")

    def ending() -> bool:
        if not stopped():
            return False
        sd_notify.stopping()
        stopping(application)
        return True

    server.run(ending, GRACE)
    _logger.info("stopped")


def _address(text: str) -> Address:
    from pulp_events_web.access.listening import parse

    try:
        return parse(text)
    except ValueError as error:
        raise CannotServe(f"--listen {error}") from None


def _link(address: Address, settings: Mapping[str, Any]) -> OneTimeLink:
    """The link for an administrator of the machine. Raises CannotServe where others could come first."""
    from pulp_events.system.who import user
    from pulp_events_web.access.one_time import OneTimeLink
    from pulp_events_web.principal import Principal, Role

    try:
        loopback = address.loopback
    except OSError as error:
        raise CannotServe(f"{address}: {error.strerror or error}; name an address of this machine") from error
    if not loopback:
        raise CannotServe(
            f"no valid token exists, and {address} can be reached from other machines; make one first: "
            "pulp-admin event web token create --role admin"
        )
    return OneTimeLink(Principal(user(os.environ), Role.ADMIN))


def _say_link(url: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"url": url}), flush=True)  # noqa: T201
        return
    print(f"No valid token exists. Open this once in a browser on this machine:\n\n    {url}\n", flush=True)  # noqa: T201


def _say_how(address: Address, as_json: bool) -> None:
    """No browser opens a socket, so there is no link that leads to it."""
    text = (
        f"No valid token exists, and {address} has no link that opens the console: make a token with `pulp-admin event "
        "web token create --role admin`; who gives it is let in at once"
    )
    print(json.dumps({"warning": text}) if as_json else text, flush=True)  # noqa: T201


def _log(as_json: bool) -> None:
    from pulp_events.worker.log import handler

    for name in ("pulp_events", "pulp_events_web", "waitress"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler(as_json)], False
        logger.setLevel(min(logging.INFO, logger.level or logging.INFO))
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue is not worth a line


def _remove(path: str) -> None:
    from contextlib import suppress

    with suppress(OSError):
        os.unlink(path)  # noqa: PTH108
