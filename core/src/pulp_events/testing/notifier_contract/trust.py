"""Claims about listeners of authors who are not trusted: they reach no network that is not allowed."""

from __future__ import annotations

from typing import Any

import pytest

from pulp_events import Notifier
from pulp_events.errors import DeliveryFailure
from pulp_events.listeners.untrusted import holds_networks
from pulp_events.networks import Networks
from pulp_events.notifier import AS_SETTINGS_SAY, WITHIN_NETWORKS
from pulp_events.testing.notifier_contract.subject import Subject, delivery_to, proxy_of

ELSEWHERE = Networks(["192.0.2.0/24"], "[untrusted] networks", pinned=True)
"""Addresses for documentation (RFC 5737): no endpoint of a test has one."""
HERE = Networks(["127.0.0.0/8", "::1/128"], "[untrusted] networks", pinned=True)


class TrustClaims(Subject):
    """Of a notifier that does not declare `connects_to = WITHIN_NETWORKS` they ask nothing: it is not held to any."""

    def _deliver(self, notifier: Notifier, endpoint: Any, networks: Networks) -> None:
        with self.opened(notifier, endpoint, networks=networks) as channel:
            self.send(channel, delivery_to(notifier, endpoint, "held"))

    def test_no_connection_leaves_the_networks_that_it_is_held_to(self, notifier: Notifier, endpoint: Any) -> None:
        if not _is_held(notifier):
            return
        proxy = proxy_of(endpoint)
        before = proxy.connections
        with pytest.raises((DeliveryFailure, OSError)):
            self._deliver(notifier, endpoint, ELSEWHERE)
        assert proxy.connections == before, "it connected to an address that networks does not allow"

    def test_a_kept_connection_of_others_does_not_lead_out_of_the_networks(
        self, notifier: Notifier, endpoint: Any
    ) -> None:
        """Connections may be kept for all listeners of a process; those of trusted authors may go anywhere."""
        if not _is_held(notifier):
            return
        with self.channel(notifier, endpoint) as trusted:
            self.send(trusted, delivery_to(notifier, endpoint, "trusted"))
            self.await_arrivals(endpoint, 1)
            with pytest.raises((DeliveryFailure, OSError)):
                self._deliver(notifier, endpoint, ELSEWHERE)
        self.await_arrivals(endpoint, 1)

    def test_what_the_networks_allow_is_delivered(self, notifier: Notifier, endpoint: Any) -> None:
        if not _is_held(notifier):
            return
        self._deliver(notifier, endpoint, HERE)
        self.await_arrivals(endpoint, 1)


def _is_held(notifier: Notifier) -> bool:
    """Whether listeners of untrusted authors are held to networks by the notifier itself.

    Otherwise the administrator's settings say where it connects, or such authors have no listeners of its type.
    """
    if notifier.connects_to == WITHIN_NETWORKS:
        return True
    assert notifier.connects_to == AS_SETTINGS_SAY or not holds_networks(notifier), "connects_to has an unknown value"
    return False
