"""What the claims about hooks stand on: the plugin under test, a bus with it, and what its hooks are called with."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from marshmallow import Schema
from marshmallow import fields as schema_fields

from pulp_events import Config, Event, EventBus, Notifier
from pulp_events.testing.bus import Conf, open_bus
from pulp_events.testing.notifier_contract.limits import limited

OURS = __name__.rpartition(".")[0]
SECRET = "s3cr3t-of-a-listener"
"""In the configuration of each listener that a hook is given."""
Kept = Callable[[], Sequence[str]]


@dataclass(frozen=True)
class Call:
    """A call of a hook that the framework may make."""

    hook: str
    of: str
    """What is special about it, in words."""
    call: Callable[..., Any]
    given: Mapping[str, Any]

    def make(self) -> Any:
        """Call it; returns or raises what the plugin does."""
        return self.call(**self.given)

    def __str__(self) -> str:
        return f"{self.hook} {self.of}"


class HookSubject:
    """Attributes and fixtures of `ObserverContract` and `EnricherContract`."""

    module: ClassVar[str]
    """Name of the module that the plugin's entry point names."""

    transports: ClassVar[Sequence[str]] = ()
    """Modules that must not be imported with it, as each start of `pulp-admin` would pay for them."""

    limit: ClassVar[float] = 1.0
    """Seconds that a call of a hook may take. `emit` waits for those that are called in the emitting thread."""

    secrets: ClassVar[Sequence[str]] = ()
    """Values in its sections of server.conf that must never be seen."""

    claim_limit: ClassVar[float] = 20.0
    """Seconds that a claim may take. Then it fails, and says where the plugin hangs."""

    hooks: ClassVar[Sequence[str]] = ()
    """The hooks that the contract is about."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__module__.startswith(OURS):  # what an author adds runs as it is
            for name, value in list(vars(cls).items()):
                if name.startswith("test_"):
                    setattr(cls, name, limited(value))

    @pytest.fixture
    def plugin(self) -> Any:
        """The plugin; unless you say otherwise, the module."""
        return importlib.import_module(self.module)

    @pytest.fixture
    def conf(self) -> Conf:
        """The sections of server.conf that it works with; unless you say otherwise, none."""
        return {}

    @pytest.fixture
    def kept(self) -> Kept | None:
        """What it has noted so far, a text for each thing; None: that cannot be seen, and is not looked at."""
        return None

    @pytest.fixture
    def fail(self) -> Callable[[], object] | None:
        """Brings about that it cannot work, as a full disk would; None: claims about that are skipped."""
        return None

    @pytest.fixture
    def bus(self, plugin: Any, conf: Conf, tmp_path: Path) -> Iterator[EventBus]:
        """A bus with the plugin and a notifier that takes everything."""
        with open_bus(tmp_path / "contract", plugin, _Taking(), conf={"events": {"payloads": "strict"}, **conf}) as bus:
            yield bus

    def calls(self, bus: EventBus) -> list[Call]:
        """The calls that the claims make of the hooks that the plugin implements."""
        raise NotImplementedError

    def named_calls(self, bus: EventBus, hook: str, given: Mapping[str, Mapping[str, Any]]) -> Iterator[Call]:
        """Calls of one hook, if the plugin implements it: what is special about each → what it is given."""
        for _, call in bus.plugins.hooks(hook):
            for of, arguments in given.items():
                yield Call(hook, of, call, {**arguments, "settings": bus.settings})


class _TakingConfig(Schema):
    url = schema_fields.String(metadata={"help": "where to"})
    token = schema_fields.String(metadata={"help": "says who we are", "secret": True})


class _Taking(Notifier):
    """Has each event at once."""

    type_id = "contract"
    config_schema = _TakingConfig

    def deliver(self, event: Event, config: Config) -> None:
        """It is there."""


@contextmanager
def failing_as(call: Call) -> Iterator[None]:
    """What the block raises, even SystemExit, fails the claim with the name of the call."""
    __tracebackhide__ = True
    try:
        yield
    except BaseException as error:
        pytest.fail(
            f"{call} raises {type(error).__name__}: {error}; handle it, or leave out what it is about: what a hook "
            "raises is logged, and what it was called for is lost to the plugin"
        )


def image(value: Any) -> Any:
    """A copy that changes with nothing, to be compared with a later one."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: image(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {key: image(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [image(item) for item in value]
    return value
