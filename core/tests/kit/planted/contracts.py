"""Makes the tests of a planted notifier: all, those that concern its kind, or those that must catch its fault."""

import pytest

from pulp_events.testing import FaultProxy, HttpSink, NotifierContract

from .endpoints import Endpoint, FileEndpoint


class Contract(NotifierContract):
    module = "planted"
    transports = ("http.client",)
    invalid = [{}, {"host": "x", "port": "x", "token": "s3cr3t"}, {"host": "x", "port": 1, "token": "s3cr3t" * 20}]
    arrival_timeout = 2.0
    claim_limit = 8.0

    @pytest.fixture
    def notifier(self):
        return self.notifier_class()

    @pytest.fixture
    def endpoint(self, tmp_path):
        if getattr(self.notifier_class, "endpoint", "") == "file":
            yield FileEndpoint(tmp_path / "file")
            return
        with HttpSink() as sink, FaultProxy(sink.port) as proxy:
            made = Endpoint(sink, proxy, self.notifier_class)
            yield made
            made.sink.close()


PATIENCE = {"arrival_timeout": 30.0, "claim_limit": 60.0}
"""For notifiers without a fault, who end by themselves: a busy machine may be slow."""


def make(notifier_class, **more):
    """A test class, to be given a name that begins with Test."""
    own = {"notifier_class": notifier_class, **getattr(notifier_class, "contract", {}), **more}
    if not hasattr(notifier_class, "claims"):
        own = {**PATIENCE, **own}
    chosen = getattr(notifier_class, "claims", None) or getattr(notifier_class, "concerns", None)
    if chosen is not None:  # the others take time, and say nothing
        names = {name for base in NotifierContract.__mro__ for name in vars(base) if name.startswith("test_")}
        wanted = {f"test_{claim}" for claim in chosen}
        assert wanted <= names, f"there are no claims {wanted - names}"
        own |= dict.fromkeys(names - wanted)
    return type(f"Test{notifier_class.__name__}", (Contract,), own)
