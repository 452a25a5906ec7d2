"""The fixture for tests over AMQP; pytest finds it wherever pulp-events-amqp is installed.

proton is not imported before the fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pulp_events_amqp.testing import AmqpBroker


@pytest.fixture
def pulp_events_amqp_broker() -> Iterator[AmqpBroker]:
    """An AMQP 1.0 broker in this process, with the manners of Qpid C++. Comes with `pulp-events-amqp`."""
    from pulp_events_amqp.testing import AmqpBroker

    with AmqpBroker() as broker:
        yield broker
