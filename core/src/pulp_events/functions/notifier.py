"""The notifier whose listeners are functions of this process.

It comes to the bus as any plugin of an application does, by `Plugins.add`, and uses nothing that another one could not.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from pulp_events.errors import InvalidConfig
from pulp_events.functions.calling import calling
from pulp_events.functions.naming import LONGEST_NAME, described
from pulp_events.functions.registration import Registration
from pulp_events.notifier import Channel, Config, Notifier
from pulp_events.outbox.delivery import Delivery
from pulp_events.plugins.registry import FUNCTION, Plugins

TIME_LIMIT = 300.0
"""Seconds that a call may take, where its listener says nothing else: more than an endpoint's, as functions compute."""


class FunctionConfig(Schema):
    """What the record of such a listener holds."""

    function = fields.String(
        required=True,
        validate=validate.Length(1, LONGEST_NAME),
        metadata={"help": "name under which the application registers the function"},
    )


class Functions(Notifier):
    """Calls functions; which there are is known to this process alone, so others leave their deliveries to it."""

    type_id = FUNCTION
    config_schema = FunctionConfig
    time_limit = TIME_LIMIT

    def __init__(self) -> None:
        self.registered: dict[str, Registration] = {}
        self.targets_here = self.registered.keys()

    @classmethod
    def of(cls, plugins: Plugins) -> Functions:
        """That of these plugins, which is added where it is not there yet. Raises PluginError if its name is taken."""
        found = plugins.notifiers.get(cls.type_id)
        if not isinstance(found, Functions):
            found = cls()
            plugins.add("functions", found)
        return found

    @staticmethod
    def refuse_taken(made: Registration, before: Registration | None) -> None:
        """InvalidConfig if another function has this name (`before`), or the same one for other events."""
        if before is None or before == made:
            return
        if before.function != made.function:
            raise InvalidConfig(
                f"two functions are registered as {made.name!r}: {described(before.function)} and "
                f"{described(made.function)}; give one of them another name: on(…, name='…')"
            )
        raise InvalidConfig(
            f"the function {made.name!r} is registered twice, for {', '.join(before.wish.event_types)} and for "
            f"{', '.join(made.wish.event_types)}; name all event types in one on(), or give it another name the second "
            "time: on(…, name='…')"
        )

    def add(self, made: Registration) -> None:
        """Know this function from now on."""
        self.registered[made.name] = made

    def targets(self, config: Config) -> Sequence[str]:
        return (config["function"],)

    def open(self, config: Config, settings: Config) -> Channel:
        made = self.registered[config["function"]]
        return (_AwaitedCalls if inspect.iscoroutinefunction(made.function) else _Calls)(made)


class _Calls(Channel):
    """Calls one function."""

    def __init__(self, made: Registration) -> None:
        self._function = made.function
        self._takes_delivery = made.takes_delivery

    def send(self, delivery: Delivery) -> Awaitable[None] | None:
        with calling():
            found = self._call(delivery)
        # What is returned says nothing: the function is the application's own, and may be called by it, too.
        return _awaited(found) if inspect.isawaitable(found) else None

    def _call(self, delivery: Delivery) -> object:
        return self._function(delivery.event, delivery) if self._takes_delivery else self._function(delivery.event)


class _AwaitedCalls(_Calls):
    """Calls a coroutine function: many of them at once in an event loop."""

    async def send(self, delivery: Delivery) -> None:
        await _awaited(self._call(delivery))


async def _awaited(found: Any) -> None:
    with calling():
        await found
