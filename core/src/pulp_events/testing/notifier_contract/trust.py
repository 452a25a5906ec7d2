"""Claims about listeners of authors who are not trusted: they reach no network that is not allowed."""

from __future__ import annotations

from typing import Any

import pytest

from pulp_events import Notifier
from pulp_events.errors import DeliveryFailure
from pulp_events.networks import Networks
from pulp_events.notifier import WITHIN_NETWORKS
from pulp_events.testing.notifier_contract.subject import Subject, delivery_to, send
from pulp_events.testing.notifier_contract.waiting import open_channel

ELSEWHERE = Networks(["192.0.2.0/24"], "[untrusted] networks", pinned=True)
"""Addresses for documentation (RFC 5737): no endpoint of a test has one."""
HERE = Networks(["127.0.0.0/8", "::1/128"], "[untrusted] networks", pinned=True)


class TrustClaims(Subject):
    """They are skipped where the notifier does not declare `connects_to = WITHIN_NETWORKS`."""

    def _send(self, notifier: Notifier, endpoint: Any, networks: Networks) -> None:
        with open_channel(notifier, *self.opening(notifier, endpoint), networks) as channel:
            send(channel, delivery_to(notifier, endpoint, "held"))

    def test_no_connection_leaves_the_networks_that_it_is_held_to(self, notifier: Notifier, endpoint: Any) -> None:
        _skip_undeclared(notifier)
        before = endpoint.proxy.connections
        with pytest.raises((DeliveryFailure, OSError)):
            self._send(notifier, endpoint, ELSEWHERE)
        assert endpoint.proxy.connections == before, "it connected to an address that networks does not allow"

    def test_a_kept_connection_of_others_does_not_lead_out_of_the_networks(
        self, notifier: Notifier, endpoint: Any
    ) -> None:
        """Connections may be kept for all listeners of a process; those of trusted authors may go anywhere."""
        _skip_undeclared(notifier)
        with self.channel(notifier, endpoint) as trusted:
            send(trusted, delivery_to(notifier, endpoint, "trusted"))
            self.await_arrivals(endpoint, 1)
            with pytest.raises((DeliveryFailure, OSError)):
                self._send(notifier, endpoint, ELSEWHERE)
        self.await_arrivals(endpoint, 1)

    def test_what_the_networks_allow_is_delivered(self, notifier: Notifier, endpoint: Any) -> None:
        _skip_undeclared(notifier)
        self._send(notifier, endpoint, HERE)
        self.await_arrivals(endpoint, 1)


def _skip_undeclared(notifier: Notifier) -> None:
    if notifier.connects_to != WITHIN_NETWORKS:
        pytest.skip("connects_to is not WITHIN_NETWORKS, so untrusted authors have no such listeners")
