"""Watch one listener.

Follow its deliveries as they happen.
"""

import pytest


@pytest.mark.slow
def test_follow_one_listener(night):
    endpoint = night.endpoint("127.0.0.1:40001")
    night.listener("ci", endpoint)
    night.listener("mirror", endpoint)
    night.worker()

    def emitted():
        night.terminal.wait_for("LISTENER")
        night.emit(3)
        return "200 OK"

    night.watches("pulp-admin event delivery tail --listener-id=ci", emitted, "?")
