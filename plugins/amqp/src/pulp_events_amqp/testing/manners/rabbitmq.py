"""As RabbitMQ 4, measured with 4.0.5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal
from urllib.parse import quote, unquote

from proton import symbol

from pulp_events_amqp.testing.faults import Faults
from pulp_events_amqp.testing.manners.base import TOPIC_BINDING, Manner, Target
from pulp_events_amqp.testing.manners.link_pair import LinkPair
from pulp_events_amqp.testing.nodes import Nodes, Refusal, Subscription


class RabbitMQManner(Manner):
    """Addresses are paths, exchanges are declared over the management link pair, refusals end the session."""

    product = "RabbitMQ"
    version = "4.0.5"
    offered = ("LINK_PAIR_V1_0", "ANONYMOUS-RELAY")
    channel_max = 63
    has_anonymous_terminus = True
    exchanges: ClassVar[Mapping[str, str]] = {**Manner.exchanges, "amq.headers": "headers"}

    def refuses_host(self, hostname: str, nodes: Nodes) -> Refusal | None:
        """See `Manner.refuses_host`. Only what has the prefix is a virtual host's name."""
        name = hostname.removeprefix("vhost:")
        if name == hostname or name in nodes.virtual_hosts:
            return None
        return Refusal("amqp:not-found", f"no vhost '{name}'")

    def attach(self, nodes: Nodes, target: Target, faults: Faults) -> str:
        """See `Manner.attach`."""
        return self.destination(nodes, target.address, faults, absent_ends_session=True)[0]

    def key_of_link(self) -> str | None:
        """It takes no notice of the subject."""
        return ""

    def destination(
        self, nodes: Nodes, to: str, faults: Faults, absent_ends_session: bool = False
    ) -> tuple[str, str | None]:
        """See `Manner.destination`."""
        exchange, key = _parts(to)
        if exchange not in nodes.exchanges:
            raise Refusal("amqp:not-found", f"no exchange '{exchange}' in vhost '/'", ends_session=absent_ends_session)
        if not faults.may_publish:
            raise Refusal("amqp:unauthorized-access", f"write access to exchange '{exchange}' refused", True)
        return exchange, key

    def full(self) -> Refusal:
        """See `Manner.full`. It gives no condition (`reject-publish`)."""
        return Refusal("", "")

    def subscription(self, address: str, filters: dict[str, str]) -> Subscription:
        """See `Manner.subscription`. (The real one is subscribed to by a queue's name.)"""
        return Subscription(_parts(address)[0], filters.get(TOPIC_BINDING, "#"))

    def unrouted(self, capabilities: Sequence[str], key: str) -> Literal["accept", "release"]:
        """See `Manner.unrouted`."""
        return "release"

    def management(self, nodes: Nodes, faults: Faults, link: Any) -> bool:
        """See `Manner.management`."""
        link.properties = {symbol("paired"): True} if link.remote_target.address == "/management" else None
        return link.properties is not None

    def requests(self, nodes: Nodes, faults: Faults) -> LinkPair:
        """See `Manner.requests`."""
        return LinkPair(nodes, faults)


def _parts(address: str) -> tuple[str, str]:
    """Exchange and key of `/exchanges/NAME` or `/exchanges/NAME/KEY`; no key is the empty one. Raises Refusal."""
    start, kind, *parts = address.split("/") if address.count("/") in (2, 3) else ("", "")
    if start or kind != "exchanges" or any(quote(unquote(part), safe="") != part for part in parts):
        raise Refusal("amqp:invalid-field", f"unsupported address {address}", ends_session=True)
    return unquote(parts[0]), unquote(parts[1]) if len(parts) > 1 else ""
