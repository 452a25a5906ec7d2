"""The AMQP notifier does what the framework asks of every notifier."""

import pytest

from pulp_events.testing.endpoint import Arrival
from pulp_events.testing.fault_proxy import FaultProxy
from pulp_events.testing.notifier_contract import NotifierContract
from pulp_events_amqp.notifier import AmqpNotifier
from pulp_events_amqp.testing import AmqpBroker


class AmqpEndpoint:
    config = {"exchange": "pulp"}
    secrets = ("s3cr3t-password",)

    def __init__(self, broker, proxy):
        self.broker, self.proxy = broker, proxy
        url = f"amqp://pulp:s3cr3t-password@127.0.0.1:{proxy.port}"
        self.settings = {"messaging": {"url": url, "timeout": "1s"}}

    def arrived(self):
        return [Arrival(one.body.decode(), one.id) for one in self.broker.messages if one.outcome == "accept"]

    def fail(self):
        self.broker.faults.outcome = "modify"

    def recover(self):
        self.broker.faults.outcome = "accept"

    def reject(self):
        self.broker.faults.outcome, self.broker.faults.condition = "reject", "amqp:decode-error"

    def refuse_credentials(self):
        self.broker.users["pulp"] = "another"


class TestAmqp(NotifierContract):
    module = "pulp_events_amqp"
    transports = ("proton", "ssl")
    connects_again = True
    invalid = [{"exchange": ""}, {"exchange": "x" * 300}, {"exchange": "a\nb"}, {"nonsense": "1"}]

    @pytest.fixture
    def notifier(self):
        return AmqpNotifier()

    @pytest.fixture
    def endpoint(self):
        with AmqpBroker(users={"pulp": "s3cr3t-password"}) as broker, FaultProxy(broker.port) as proxy:
            yield AmqpEndpoint(broker, proxy)
