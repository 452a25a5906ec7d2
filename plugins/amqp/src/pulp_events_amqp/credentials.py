"""Who we are to the broker: SASL mechanism, user and TLS, from the URL and `[messaging]`."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulp_events import TransientFailure
from pulp_events.tls import client_context
from pulp_events_amqp.address import BrokerAddress
from pulp_events_amqp.exposure import plain_is_exposed
from pulp_events_amqp.unusable import Unusable


@dataclass(frozen=True)
class Credentials:
    """What is shown to the broker in the SASL exchange (AMQP 1.0 §5.3)."""

    mechanisms: str
    """Mechanisms that we agree to, separated by spaces."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def describe(self) -> str:
        """For messages: how we tried to authenticate; never the password."""
        who = f" as user {self.username!r}" if self.username else ""
        return f"SASL {' or '.join(self.mechanisms.split())}{who}"


def credentials(address: BrokerAddress, settings: Mapping[str, Any]) -> Credentials:
    """PLAIN when there is a user name, EXTERNAL when TLS shows a client certificate, ANONYMOUS otherwise.

    Raises Unusable when PLAIN would send the password in the clear to another machine and `[messaging]
    allow_insecure_plain` does not permit it. (It is transient: the deliveries are good, and go out
    once the setting is right.)
    """
    username = address.username or settings["username"]
    if username:
        if plain_is_exposed(address, settings) and not settings["allow_insecure_plain"]:
            raise Unusable(
                f"refused to send the password of user {username!r} to {address} without TLS; use an amqps:// URL in "
                "[messaging] url, or set [messaging] allow_insecure_plain = true"
            )
        return Credentials("PLAIN", username, address.password or settings["password"])
    if address.tls and settings["clientcert"]:
        return Credentials("EXTERNAL ANONYMOUS")
    return Credentials("ANONYMOUS")


def tls_context(settings: Mapping[str, Any]) -> ssl.SSLContext:
    """Checks the broker's certificate and host name; shows ours if there is one.

    Raises Unusable naming the file that cannot be used.
    """
    cacert, clientcert, clientkey = (settings[key] or None for key in ("cacert", "clientcert", "clientkey"))
    try:
        return client_context(cacert, clientcert, clientkey if clientcert else None)
    except TransientFailure as error:
        raise Unusable(f"{error}; fix [messaging] cacert, clientcert or clientkey, or the file") from error
