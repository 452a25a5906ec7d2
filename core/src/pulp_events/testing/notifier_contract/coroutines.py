"""Claims about notifiers with coroutine functions."""

from __future__ import annotations

from typing import Any

import pytest

from pulp_events import Notifier
from pulp_events.testing.notifier_contract.subject import Subject, delivery_to, let_hang
from pulp_events.testing.notifier_contract.waiting import Waiting


class CoroutineClaims(Subject):
    """They are skipped where there is none."""

    def test_a_coroutine_leaves_its_event_loop_to_others(self, notifier: Notifier, endpoint: Any) -> None:
        """While the receiver takes its time."""
        channel = self.opened(notifier, endpoint)
        if not isinstance(channel, Waiting):
            pytest.skip("it has no coroutine functions")
        let_hang(endpoint)
        stall, whole = channel.stall(delivery_to(notifier, endpoint, "loop"))
        assert stall < 0.8 * whole, (
            f"its coroutine takes {whole:.1f} s, and nothing else runs in its event loop for {stall:.1f} s of them; "
            "await what waits, or use asyncio.to_thread() for a library that blocks"
        )
