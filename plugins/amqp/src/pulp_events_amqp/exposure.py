"""Whether a password would travel in the clear. Imports no ssl: administrators are warned by the CLI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulp_events_amqp.address import BrokerAddress


def plain_is_exposed(address: BrokerAddress, settings: Mapping[str, Any]) -> bool:
    """True if a password would leave this machine unencrypted."""
    has_user = bool(address.username or settings["username"])
    return has_user and not address.tls and not address.is_loopback


def plain_warning(address: BrokerAddress, settings: Mapping[str, Any]) -> str | None:
    """What an administrator is told of it; None if there is nothing to tell."""
    if not plain_is_exposed(address, settings):
        return None
    username = address.username or settings["username"]
    if settings["allow_insecure_plain"]:
        return f"the password of user {username!r} is sent to {address} without TLS; use an amqps:// URL"
    return (
        f"nothing will be sent to {address}: user {username!r} has a password and the connection no TLS; use an "
        "amqps:// URL in [messaging] url, or set [messaging] allow_insecure_plain = true"
    )
