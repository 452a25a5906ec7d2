"""The notifier that calls functions does what the framework asks of every notifier."""

import asyncio
import json
import time

import pytest

from pulp_events import PermanentFailure, TransientFailure
from pulp_events.frozen import thaw
from pulp_events.functions.notifier import Functions
from pulp_events.functions.registration import Registration, Wish
from pulp_events.testing import Arrival, NotifierContract

NO_WISHES = dict.fromkeys(("name", "filter", "retry_schedule", "lanes", "timeout", "rate", "expires"))


class Function:
    """One that keeps what it is called with, or fails as it is told to."""

    proxy = None

    def __init__(self, notifier, name):
        self.notifier, self.name = notifier, name
        self.config, self.calls, self.failure, self.seconds = {"function": name}, [], None, 0
        notifier.add(Registration(self, name, True, Wish(("repo.sync.*",), **NO_WISHES)))

    def __call__(self, event, delivery):
        time.sleep(self.seconds)
        self.take(event, delivery)

    def take(self, event, delivery):
        if self.failure is not None:
            raise self.failure()
        text = json.dumps(thaw(event.payload), ensure_ascii=False)
        self.calls.append(Arrival(text, delivery.id, delivery.target))

    @property
    def other(self):
        return Function(self.notifier, "another")

    def arrived(self):
        return list(self.calls)

    def hang(self):
        self.seconds = 2

    def fail(self):
        self.failure = lambda: TransientFailure("not now")

    def recover(self):
        self.failure = None

    def reject(self):
        self.failure = lambda: PermanentFailure("never")


class AwaitedFunction(Function):
    """The same as a coroutine function."""

    def __init__(self, notifier, name):
        super().__init__(notifier, name)

        async def awaited(event, delivery):
            await asyncio.sleep(self.seconds)
            self.take(event, delivery)

        notifier.add(Registration(awaited, name, True, Wish(("repo.sync.*",), **NO_WISHES)))


class TestFunctions(NotifierContract):
    module = "pulp_events.functions.notifier"
    invalid = [{}, {"function": ""}, {"function": "x" * 300}]
    keeps_connections = False
    endpoint_class = Function

    @pytest.fixture
    def notifier(self):
        return Functions()

    @pytest.fixture
    def endpoint(self, notifier):
        return self.endpoint_class(notifier, "keep")


class TestAwaitedFunctions(TestFunctions):
    endpoint_class = AwaitedFunction
