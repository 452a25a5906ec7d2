"""The broker as other packages' tests get it: by an entry point, and at no cost to whoever does not use it."""

import subprocess
import sys
from importlib.metadata import entry_points

from pulp_events_amqp.testing import AmqpBroker


def test_the_fixture_is_a_broker_that_listens(pulp_events_amqp_broker) -> None:
    assert isinstance(pulp_events_amqp_broker, AmqpBroker)
    assert pulp_events_amqp_broker.port and not pulp_events_amqp_broker.messages


def test_pytest_finds_the_fixture_by_the_entry_point_and_imports_no_proton_for_it() -> None:
    [found] = entry_points(group="pytest11", name="pulp_events_amqp")
    code = f"import sys, {found.module}; print(*sys.modules)"
    names = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert not names & {"proton", "ssl", "pulp_events_amqp.testing"}
