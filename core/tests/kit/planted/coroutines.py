"""Faults of notifiers with coroutine functions."""

import time

from pulp_events import TransientFailure

from .good import GoodChannel, fault
from .kinds import AsyncChannel, Asynchronous


class BlockingChannel(AsyncChannel):
    async def send(self, delivery):
        channel = GoodChannel(self.config)
        try:
            channel.send(delivery)
        finally:
            channel.close()


@fault("a_coroutine_leaves_its_event_loop_to_others")
class BlocksItsEventLoop(Asynchronous):
    channel_class = BlockingChannel


class SleepingChannel(AsyncChannel):
    async def send(self, delivery):
        time.sleep(0.5)
        raise TransientFailure("no answer in time")

    async def open(self):
        time.sleep(2)


@fault("a_coroutine_leaves_its_event_loop_to_others")
class SleepsInItsEventLoop(Asynchronous):
    channel_class = SleepingChannel


class ForgetfulAsyncChannel(AsyncChannel):
    async def send(self, delivery):
        import asyncio

        asyncio.get_running_loop().create_task(asyncio.sleep(0))


@fault("an_event_arrives_exactly_once")
class SendsNothingAsynchronously(Asynchronous):
    channel_class = ForgetfulAsyncChannel
