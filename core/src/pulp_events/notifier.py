"""The interface that a notifier plugin implements.

A whole plugin, ready to install (its pyproject.toml has the entry point `chat = "my_module:Chat"` in the group
`pulp_events`):

    from marshmallow import Schema, fields
    from pulp_events import Notifier, TransientFailure

    class ChatConfig(Schema):
        url = fields.Url(required=True, metadata={"help": "incoming webhook of the room", "secret": True})
        room = fields.String(metadata={"help": "room to post to"})

    class Chat(Notifier):
        type_id = "chat"
        config_schema = ChatConfig

        def deliver(self, event, config):
            ...                             # return: delivered; raise TransientFailure / PermanentFailure

This provides `pulp-admin event listener chat create|update`, their help and man pages, validation, redaction and
retries. What a notifier may rely on:

- `config` is what `config_schema.load` made of the listener's configuration, with secret references resolved.
- One channel is used by one thread at a time; several channels for one listener may be open at once.
- `deliver`, and a channel's `open`, `send` and `close`, may be coroutine functions (`async def`): an event loop of the
  dispatcher runs them, many at once. They must not block it.
- A delivery has the same `id` on every attempt.
- An exception affects only this delivery. Anything but the two failures counts as transient. Catch `Exception` at most:
  a KeyboardInterrupt is somebody's Ctrl-C, and passes through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from marshmallow import Schema

from pulp_events.errors import DeliveryFailure

if TYPE_CHECKING:
    from pulp_events.events.event import Event
    from pulp_events.listeners.listener import Listener
    from pulp_events.listeners.listeners import Listeners  # a circle: an action is given what is built upon notifiers
    from pulp_events.networks import Networks
    from pulp_events.outbox.delivery import Delivery

WITHIN_NETWORKS = "within networks"
AS_SETTINGS_SAY = "as settings say"
"""What `Notifier.connects_to` may be."""

Config = Mapping[str, Any]
"""A listener's configuration as its notifier's `config_schema` loaded it."""


class ReadablePart(dict[str, Any]):
    """A configuration as `check`, `targets`, `window` and `warnings` get it."""

    references: frozenset[str] = frozenset()
    """What is not in it: keys whose values are references, or lists and mappings of secrets with one among them."""


def is_given(config: Config, key: str) -> bool:
    """True if a listener's configuration has this key, even if it is a secret that is not passed.

    >>> is_given({"token": "x"}, "token"), is_given({}, "token")
    (True, False)
    """
    return key in config or key in getattr(config, "references", ())


Settlement: TypeAlias = "tuple[Delivery, DeliveryFailure | None]"
"""The result of one delivery of a batch; None means delivered."""


class Channel:
    """An open connection for one listener's configuration, reused from delivery to delivery.

    Override `send`, or `send_batch` with `batch_size > 1` if pipelining pays off, and `open` and `close` if there
    is a connection to keep. Use it as a context manager: `with notifier.open(config, settings) as channel`.
    """

    batch_size: int = 1
    """Maximum number of deliveries passed to `send_batch`. 1: only `send` is called."""

    in_flight: int = 0
    """Above 0, the channel pipelines: up to this many deliveries are passed to `submit`, and more as soon as `settled`
    has returned the results of earlier ones; `send` and `send_batch` are not called. It is read again in each round, so
    it may be a property that adapts to the receiver."""

    broken: bool = False
    """Set it to True when the connection is gone: the channel is closed and the next delivery gets a new one."""

    detail: str = ""
    """What the receiver answered to the delivery just sent, such as `200 OK`; it is kept with the attempt.

    For a failed attempt, the failure's text is kept, with this below it. Lists show the first line.
    """

    def open(self) -> Awaitable[None] | None:
        """Connect. A failure applies to the delivery that was about to be sent."""

    def close(self) -> Awaitable[None] | None:
        """Release all resources. Called once, even after a failed `open`."""

    def send(self, delivery: Delivery) -> Awaitable[None] | None:
        """Deliver `delivery.report` to `delivery.target`; return None once the receiver has it.

        Raises TransientFailure or PermanentFailure. Any other exception, and any return value other than None, counts
        as transient. Keep no delivery once its result is known: a channel may be open for months.
        """
        raise NotImplementedError(f"{type(self).__name__} must override send() or send_batch()")

    def send_batch(self, deliveries: Sequence[Delivery]) -> Iterable[Settlement]:
        """Deliver several; yield `(delivery, None)` or `(delivery, failure)` for each as soon as it is known.

        They may be yielded in any order. A delivery that is not yielded counts as a transient failure.
        """
        for delivery in deliveries:
            self.detail = ""
            try:
                self.send(delivery)
            except DeliveryFailure as failure:
                yield delivery, failure
            else:
                yield delivery, None

    def submit(self, deliveries: Sequence[Delivery]) -> None:
        """Start sending these, after those submitted before, without waiting for their outcomes.

        Raises a failure if nothing more can be sent; it applies to all deliveries in flight.
        """
        raise NotImplementedError(f"{type(self).__name__} sets in_flight, so it must override submit() and settled()")

    def settled(self, timeout: float) -> Iterable[Settlement]:
        """The results of submitted deliveries, in any order; `(delivery, None)` means delivered.

        Waits at most `timeout` seconds for the first outcome, and returns those available then. `detail` is read after
        each outcome is taken. Raises a failure if the connection is lost; it applies to all deliveries in flight.
        """
        raise NotImplementedError(f"{type(self).__name__} sets in_flight, so it must override submit() and settled()")

    def __enter__(self) -> Channel:
        try:
            self.open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True)
class Action:
    """A command of a notifier type in addition to `create` and `update`: `pulp-admin event listener TYPE NAME`."""

    name: str
    """Lower-case letters, digits and `-`."""

    help: str
    """What it does, for the help of the command line."""

    run: Callable[[Listeners, Listener, Config], str]
    """Called with the bus's listeners, the listener concerned, and the options as loaded by `options`; returns the text
    to print. Raises EventsError to fail with its text."""

    options: type[Schema] = Schema
    """Its options, like `config_schema` for a listener; `--listener-id` always exists."""

    examples: str = ""
    """For its manual page: sentences, and below each, after an empty line and indented by four, `$ ` and a command."""


class Notifier:
    """One notifier type. A plugin's `pulp_notifiers` hook returns instances."""

    type_id: ClassVar[str]
    """Name of the type in records and commands: lower-case letters, digits and `-`, starting with a letter."""

    config_schema: ClassVar[type[Schema]]
    """Schema of a listener's configuration. Field metadata: `help` (what the field means, for the command line's
    help and for forms), `cli_help` (what the command line says in its place, where it tells how a value is typed
    there), `secret` (True: never shown),
    `local` (True: the value names a file, a program or something else of the machine, or is used with an account of the
    administrator's, so that untrusted authors may not set it; False: a value that looks like a path is none),
    `read_file` (True: the CLI takes `@FILE` for a long text), `names_file` (True: the value is the path of a file that
    the channel reads when it opens; after the file changes, the next attempt opens another channel), `group`
    (heading of a separate section in the help, for rarely used options), `template` (`text`: the value is a template;
    `files`: it is the path of one, or of a folder of them; False: what looks like a template is none;
    `pulp-admin event types impact` looks into it), `example`
    (text: a value as it is typed; where each required field has one, the manual page of `create` has an example)."""

    settings_section: ClassVar[str | None] = None
    """Section of server.conf with this notifier's settings."""

    settings_schema: ClassVar[type[Schema] | None] = None
    """Schema of that section; `load_default` gives the defaults, metadata `help` the text for the manual."""

    update_help: ClassVar[str] = "update a listener"
    """Description of `pulp-admin event listener TYPE update`."""

    time_limit: ClassVar[float] = 60.0
    """Seconds after which an attempt is given up as hanging; override `limit` to make it depend on the settings."""

    targets_here: Container[str] | None = None
    """Targets that this process can deliver to, where others cannot, such as parts of an application; None: all.

    A listener with another target waits for a process that has it, as if the notifier were not installed here. It is
    looked at before each claim, so it is a set, or the keys of a dict."""

    connects_to: ClassVar[str | None] = None
    """Where its connections go, for listeners of authors who are not trusted, whom only such notifiers serve:
    `WITHIN_NETWORKS`: to what a listener's configuration names, and `open_within` holds it to networks;
    `AS_SETTINGS_SAY`: only to what the notifier's section of server.conf names. None: nobody knows."""

    def deliver(self, event: Event, config: Config) -> Awaitable[None] | None:
        """Deliver one event. Enough for a notifier that keeps no connection; see `open` for one that does.

        One that has a parameter `delivery_id` beside these is given the delivery's id, which is the same on every
        attempt: `def deliver(self, event, config, delivery_id=""):`.
        """
        raise NotImplementedError(f"{type(self).__name__} must override deliver() or open()")

    def open(self, config: Config, settings: Config) -> Channel:
        """A channel for this configuration.

        `settings`: the notifier's own section of server.conf, validated. Where the section has a `timeout` and the
        listener one of its own, that is the listener's, here, in `limit` and in `warnings`.
        """
        return _DeliverChannel(self, config)

    def open_within(self, config: Config, settings: Config, networks: Networks) -> Channel:
        """A channel for a listener whose author is not trusted: it connects only to addresses that `networks` allows.

        For `connects_to = WITHIN_NETWORKS`. Each address is checked at the moment at which it is connected to, as a
        name may have another address by then, after a redirect too: give `networks.check` to
        `pulp_events.deadline.open_tcp`, or call it before each `connect`; it raises
        `pulp_events.networks.ForbiddenAddress`, an OSError. Where a proxy is used, it is asked for an address that was
        checked (`networks.first_allowed`).
        """
        raise NotImplementedError(f"{type(self).__name__} sets connects_to, so it must override open_within()")

    def prepare(self, config: Config) -> Config:
        """The configuration to store, made from the one given: for values generated once, such as a key.

        Called when a listener is created or updated, before the schema loads the configuration, and never for a
        delivery; secrets that are references are left out. Raises marshmallow's ValidationError to refuse it.
        """
        return config

    def check(self, config: Config) -> None:
        """Check what the schema cannot, such as a template, when a listener is created or updated.

        `config` is the configuration as loaded by `config_schema`, defaults included. Here and in `targets`, `window`
        and `warnings`, a secret that is a reference, or contains one, is left out, also of a nested object, of which
        the rest is there; `pulp_events.notifier.is_given(config, key)` says whether a key was given.
        Raises marshmallow's ValidationError, with the name of the field; then nothing is stored. Stored configurations
        are not checked again: their deliveries fail instead.
        """

    def targets(self, config: Config) -> Sequence[str]:
        """Labels (never secret) of the addresses that the configuration stands for; each gets its own delivery.

        `config` is as for `check`.
        """
        return ("",)

    def window(self, config: Config) -> float | None:
        """Length of the windows, in seconds, whose events leave together; None: each event leaves by itself, at once.

        Windows start at multiples of these seconds since the epoch. When one is over, a channel's `send_batch` gets all
        deliveries to one target whose events fall into it, whatever `batch_size` says, and sends them as one message.
        If that fails, the next attempt gets exactly the same deliveries, so that a receiver can recognise a repeat by
        its contents. `config` is as for `check`.
        """
        return None

    def preview(self, deliveries: Sequence[Delivery], config: Config, settings: Config) -> str | None:
        """What the message of these deliveries would say, as people read it; None: the report as it is.

        For `pulp-admin event listener backtest`: nothing leaves, and no connection is made. There is one delivery or,
        with a `window`, all those that leave together. `config` is as for `check`, `settings` as for `open`. What a
        template raises may be raised as PermanentFailure or TransientFailure, and is shown in place of the text.
        """
        return None

    def limit(self, config: Config, settings: Config) -> float:
        """Seconds that one `send` may take. After that, the attempt has timed out and its channel is abandoned.

        It is not asked for a listener with a `timeout` of its own if the notifier's section has no such setting: that
        is the limit then.
        """
        return self.time_limit

    def probe(self, settings: Config) -> Iterable[str]:
        """Connect as the settings say and return what was found, one line each; for `config check --probe`.

        Raises TransientFailure or PermanentFailure if the server named by the settings cannot be reached or used. A
        notifier whose listeners each name their own endpoint has nothing to probe.
        """
        return ()

    def actions(self) -> Sequence[Action]:
        """Commands of this type beside `create` and `update`."""
        return ()

    def warnings(self, config: Config, settings: Config) -> Sequence[str]:
        """Warnings for the administrator when a listener with this configuration is created or updated.

        `config` is as for `check`. An exception is shown as a warning too, because the listener is already stored.
        """
        return ()

    def settings_warnings(self, settings: Config) -> Sequence[str]:
        """Warnings about the settings and, where they depend on it, the environment; for `config check`.

        Makes no connection.
        """
        return ()


class _DeliverChannel(Channel):
    """Calls `Notifier.deliver`; there is no connection to keep."""

    def __init__(self, notifier: Notifier, config: Config) -> None:
        self._deliver: Callable[..., Awaitable[None] | None] = notifier.deliver
        self._config = config
        self._takes_id = _has_parameter(notifier.deliver, "delivery_id")

    def send(self, delivery: Delivery) -> Awaitable[None] | None:
        if self._takes_id:
            return self._deliver(delivery.event, self._config, delivery_id=delivery.id)
        return self._deliver(delivery.event, self._config)


def _has_parameter(function: Callable[..., object], name: str) -> bool:
    import inspect  # which `pulp-admin` does without

    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):  # it has no signature, as some in C
        return False
