"""As Apache ActiveMQ Artemis, measured with 2.33."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import ClassVar

from pulp_events_amqp.testing.faults import Faults
from pulp_events_amqp.testing.manners.base import SELECTOR, Manner, Target
from pulp_events_amqp.testing.nodes import Nodes, Refusal, Subscription

_CLAUSE = re.compile(r"\s*JMSType\s*(=|LIKE)\s*'([^']*)'\s*\Z", re.IGNORECASE)


class ArtemisManner(Manner):
    """The exchange is an address: of type `topic` it is multicast, of any other anycast. Attaching makes it."""

    product = "apache-activemq-artemis"
    version = "2.33.0"
    exchanges: ClassVar[Mapping[str, str]] = {}

    def attach(self, nodes: Nodes, target: Target, faults: Faults) -> str:
        """See `Manner.attach`. Without a capability, an address is taken as it is, or made multicast."""
        address = target.address
        found = nodes.exchanges.get(address)
        wanted = "topic" if "topic" in target.capabilities else found or "topic"
        if found != wanted:
            if not faults.auto_create:
                raise Refusal("amqp:not-found", f"AMQ119002: target address {address} does not exist")
            if not faults.may_create:
                raise Refusal("amqp:internal-error", _forbidden("CREATE_ADDRESS", address))
            nodes.exchanges[address] = wanted
        if not faults.may_publish:
            text = f"AMQ119017: not authorized to create producer, {_forbidden('SEND', address)}"
            raise Refusal("amqp:unauthorized-access", text)
        return address

    def full(self) -> Refusal:
        """See `Manner.full`."""
        return Refusal("amqp:resource-limit-exceeded", "Address is full: pulp")

    def subscription(self, address: str, filters: dict[str, str]) -> Subscription:
        """See `Manner.subscription`. Of selectors, `JMSType = '…'` and `JMSType LIKE '…'` are understood."""
        return Subscription(address, selector=jms_selector(filters.get(SELECTOR)))


def _forbidden(permission: str, address: str) -> str:
    return f"AMQ229032: User: pulp does not have permission='{permission}' on address {address}"


def jms_selector(text: str | None) -> Callable[[str], bool]:
    """Whether a subject is selected: JMSType is JMS's name for it. Raises Refusal for what is not understood."""
    if text is None:
        return lambda subject: True
    clause = _CLAUSE.match(text)
    if clause is None:
        raise Refusal("amqp:invalid-field", f"Invalid filter: {text}")
    operator, value = clause.groups()
    if operator == "=":
        return lambda subject: subject == value
    pattern = re.compile("".join({"%": ".*", "_": "."}.get(character, re.escape(character)) for character in value))
    return lambda subject: pattern.fullmatch(subject) is not None
