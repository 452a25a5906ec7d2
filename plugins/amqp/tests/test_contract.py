"""The AMQP notifier does what the framework asks of every notifier."""

import pytest

from pulp_events.testing.endpoint import Arrival
from pulp_events.testing.fault_proxy import FaultProxy
from pulp_events.testing.notifier_contract import NotifierContract
from pulp_events_amqp.notifier import AmqpNotifier
from pulp_events_amqp.testing import AmqpBroker


class AmqpEndpoint:
    """An exchange."""

    secrets = ("s3cr3t-password",)

    def __init__(self, broker, proxy, exchange="pulp"):
        self.broker, self.proxy = broker, proxy
        self.config = {"exchange": exchange}
        url = f"amqp://pulp:s3cr3t-password@127.0.0.1:{proxy.port}"
        self.settings = {"messaging": {"url": url, "timeout": "1s"}}

    @property
    def other(self):
        return AmqpEndpoint(self.broker, self.proxy, "another")

    def arrived(self):
        return [
            Arrival(one.body.decode(), one.id)
            for one in self.broker.messages
            if one.outcome == "accept" and one.exchange == self.config["exchange"]
        ]

    def fail(self):
        self.broker.faults.outcome = "modify"

    def fail_for(self, mark):
        self.broker.faults.outcome, self.broker.faults.only_for = "modify", mark.encode()

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
    slow_claims = (
        "test_no_delivery_is_kept",
        "test_nothing_is_left_after_close",
        "test_nothing_secret_is_seen",
        "test_an_interrupt_is_not_taken_for_a_failure",
        "test_a_server_that_hangs_is_given_up_within_the_time_limit",
        "test_what_it_sets_and_returns_is_valid",
    )
    largest = 240_000
    too_large = "tried again"
    invalid = [{"exchange": ""}, {"exchange": "x" * 300}, {"exchange": "a\nb"}, {"nonsense": "1"}]

    @pytest.fixture
    def notifier(self):
        return AmqpNotifier()

    @pytest.fixture
    def endpoint(self):
        with AmqpBroker(users={"pulp": "s3cr3t-password"}) as broker, FaultProxy(broker.port) as proxy:
            broker.faults.max_message_size = self.largest
            yield AmqpEndpoint(broker, proxy)
