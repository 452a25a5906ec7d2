"""`NotifierContract`: what the framework asks of a notifier, as tests to be subclassed.

    class TestChat(NotifierContract):
        module = "my_chat"                      # what the entry point names
        transports = ("requests",)              # not to be imported before a channel opens
        invalid = [{}, {"url": "nonsense"}]

        @pytest.fixture
        def notifier(self):
            return Chat()

        @pytest.fixture
        def endpoint(self, http_sink):
            with FaultProxy(http_sink.port) as proxy:
                yield ChatEndpoint(http_sink, proxy)        # see pulp_events.testing.endpoint

Each test is a claim; a failure names what the notifier does and what would be right.
"""

from __future__ import annotations

import copy
import json
import logging
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pulp_events import Delivery, EventBus, InvalidConfig, Listener, Notifier, TransientFailure, hookimpl
from pulp_events.listeners.config import complete, validate
from pulp_events.plugins.registry import Plugins
from pulp_events.plugins.validation import check_notifiers
from pulp_events.secrets import MASK, secret_fields
from pulp_events.testing.admin import in_process, is_installed
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.endpoint import Arrival
from pulp_events.testing.factory import make_delivery

SECRET_WORDS = re.compile(r"passw|secret|token|api_?key|credential|private", re.IGNORECASE)
EVENT_TYPE = "repo.sync.start"


class NotifierContract:
    """Subclass it; set the class attributes and give it the fixtures `notifier` and `endpoint`."""

    module: ClassVar[str]
    """Name of the module that the plugin's entry point names."""

    transports: ClassVar[Sequence[str]] = ()
    """Modules that must not be imported with it: they load when the first channel opens."""

    invalid: ClassVar[Sequence[Mapping[str, Any]]] = ()
    """Configurations that must be refused."""

    arrival_timeout: ClassVar[float] = 10.0
    """Seconds within which what was delivered is seen at the endpoint."""

    # ---- what the claims stand on -----------------------------------------------------------------------------------

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock(wall=time.time())

    @pytest.fixture
    def bus(self, notifier: Notifier, endpoint: Any, tmp_path: Path, clock: FakeClock) -> Iterator[EventBus]:
        with open_bus(notifier, endpoint, tmp_path, clock) as bus:
            yield bus

    @pytest.fixture
    def listener(self, bus: EventBus, notifier: Notifier, endpoint: Any) -> Listener:
        return bus.listeners.create(notifier.type_id, endpoint.config, [EVENT_TYPE])

    @contextmanager
    def channel(self, notifier: Notifier, endpoint: Any) -> Iterator[Any]:
        """A channel to the endpoint, as the dispatcher opens it."""
        with notifier.open(*self.opening(notifier, endpoint)) as opened:
            yield opened

    @staticmethod
    def opening(notifier: Notifier, endpoint: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Configuration and settings as `open` is given them."""
        stored, _ = validate(notifier, endpoint.config)
        settings: dict[str, Any] = {}
        if notifier.settings_schema is not None and notifier.settings_section is not None:
            text = getattr(endpoint, "settings", {}).get(notifier.settings_section, {})
            settings = dict(notifier.settings_schema().load({key: str(value) for key, value in text.items()}))
        return complete(notifier, stored), settings

    def await_arrivals(self, endpoint: Any, count: int) -> list[Arrival]:
        """What arrived, once it is `count`; then nothing more may come within a moment."""
        deadline = time.monotonic() + self.arrival_timeout
        while len(endpoint.arrived()) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        arrived: list[Arrival] = endpoint.arrived()
        assert len(arrived) == count, f"{len(arrived)} arrivals instead of {count}"
        return arrived

    # ---- schema and plugin ------------------------------------------------------------------------------------------

    def test_it_can_be_registered(self, notifier: Notifier) -> None:
        check_notifiers([notifier])

    def test_every_option_has_a_help_text(self, notifier: Notifier) -> None:
        for schema in (notifier.config_schema, notifier.settings_schema):
            for name, field in schema().fields.items() if schema else ():
                assert str(field.metadata.get("help", "")).strip(), f"{name} needs metadata={{'help': …}}"

    def test_what_sounds_like_a_secret_is_marked_as_one(self, notifier: Notifier) -> None:
        for schema in (notifier.config_schema, notifier.settings_schema):
            for name, field in schema().fields.items() if schema else ():
                marked = "secret" in field.metadata
                assert marked or not SECRET_WORDS.search(name), f"{name} needs metadata={{'secret': True}} (or False)"

    def test_a_configuration_survives_json(self, notifier: Notifier, endpoint: Any) -> None:
        stored, targets = validate(notifier, endpoint.config)
        again = validate(notifier, json.loads(json.dumps(stored)))
        assert again == (stored, targets), "validating what was stored must give the same again"

    def test_invalid_configurations_are_refused_by_the_schema(self, notifier: Notifier) -> None:
        assert self.invalid, "name some invalid configurations"
        for config in self.invalid:
            with pytest.raises(InvalidConfig) as refused:
                validate(notifier, config)
            assert str(refused.value).count("\n") == 0
            for key in secret_fields(notifier.config_schema()) & set(config):
                assert str(config[key]) not in str(refused.value), f"the error shows the secret {key}"

    def test_importing_it_imports_no_transport(self) -> None:
        code = f"import sys, {self.module}; print([name for name in {list(self.transports)!r} if name in sys.modules])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "[]", f"importing {self.module} imports {done.stdout.strip()}"

    def test_targets_are_labels_without_secrets(self, notifier: Notifier, endpoint: Any) -> None:
        _, targets = validate(notifier, endpoint.config)
        assert targets and all(isinstance(target, str) for target in targets)
        assert len(set(targets)) == len(targets), "two targets have one label"
        for secret in _secrets(notifier, endpoint):
            assert not any(secret in target for target in targets), "a target's label shows a secret"

    def test_the_command_line_is_made_from_its_schema(
        self, notifier: Notifier, endpoint: Any, bus: EventBus, listener: Listener
    ) -> None:
        if not is_installed():
            pytest.skip("pulp-admin is not installed; pip install pulp-events-cli")

        def admin(*words: str) -> str:
            return in_process(words, bus.settings.path, bus.plugins)

        text = " ".join(admin("event", "listener", notifier.type_id, "create", "--help").split())
        for name, field in notifier.config_schema().fields.items():
            assert f"--{(field.data_key or name).replace('_', '-')}" in text
        assert "--listener-id" in admin("event", "listener", notifier.type_id, "update", "--help")
        shown = admin("event", "listener", "list")
        assert listener.id in shown
        for secret in _secrets(notifier, endpoint):
            assert secret not in shown

    # ---- delivering -------------------------------------------------------------------------------------------------

    def test_an_event_arrives_exactly_once(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        event = bus.emit(EVENT_TYPE, {"repo_id": "contract-once"})
        states = {delivery.target: delivery for delivery in bus.wait(event, 0)}
        assert {one.state for one in states.values()} == {"delivered"}, [one.detail for one in states.values()]
        arrived = self.await_arrivals(endpoint, len(listener.targets))
        assert all("contract-once" in arrival.text for arrival in arrived)

    def test_unicode_and_200_kb_arrive_whole(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        text = "Grüße, 世界, 👋 " + "x" * 200_000 + " end"
        event = bus.emit(EVENT_TYPE, {"text": text})
        assert {one.state for one in bus.wait(event, 0)} == {"delivered"}, [one.detail for one in bus.wait(event, 0)]
        for arrival in self.await_arrivals(endpoint, len(listener.targets)):
            assert "Grüße, 世界, 👋" in arrival.text and "x end" in arrival.text

    def test_the_configuration_is_not_changed(self, notifier: Notifier, endpoint: Any) -> None:
        config, settings = self.opening(notifier, endpoint)
        before = copy.deepcopy((config, settings))
        notifier.check(config)
        notifier.targets(config)
        notifier.warnings(config, settings)
        with notifier.open(config, settings) as channel:
            _send(channel, _delivery(notifier, endpoint, "unchanged"))
        assert (config, settings) == before

    def test_a_kept_connection_is_used_again(self, notifier: Notifier, endpoint: Any) -> None:
        if type(notifier).open is Notifier.open:
            pytest.skip("it overrides deliver() and keeps no connection")
        with self.channel(notifier, endpoint) as channel:
            for number in range(3):
                _send(channel, _delivery(notifier, endpoint, f"reuse-{number}"))
                assert not channel.broken
        self.await_arrivals(endpoint, 3)
        assert endpoint.proxy.connections == 1, f"{endpoint.proxy.connections} connections for 3 deliveries"

    def test_a_connection_that_the_peer_closed_is_opened_again(
        self, bus: EventBus, listener: Listener, endpoint: Any, clock: FakeClock
    ) -> None:
        first = bus.emit(EVENT_TYPE, {"n": 1})
        endpoint.proxy.drop()
        time.sleep(0.05)
        second = bus.emit(EVENT_TYPE, {"n": 2})
        clock.advance(3600)
        bus.deliver_due()
        for event in (first, second):
            assert {one.state for one in bus.wait(event, 0)} == {"delivered"}, bus.wait(event, 0)[0].detail

    def test_two_channels_work_in_two_threads_at_once(self, notifier: Notifier, endpoint: Any) -> None:
        errors: list[BaseException] = []
        barrier = threading.Barrier(2, timeout=30)

        def work(name: str) -> None:
            try:
                with self.channel(notifier, endpoint) as channel:
                    for number in range(5):
                        barrier.wait()
                        _send(channel, _delivery(notifier, endpoint, f"thread-{name}-{number}"))
            except BaseException as error:
                errors.append(error)
                barrier.abort()

        threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors, errors
        texts = " ".join(arrival.text for arrival in self.await_arrivals(endpoint, 10))
        assert all(f"thread-{name}-{number}" in texts for name in "ab" for number in range(5))

    def test_a_retry_has_the_delivery_id_of_the_first_attempt(
        self, bus: EventBus, listener: Listener, endpoint: Any, clock: FakeClock
    ) -> None:
        fail = _method(endpoint, "fail")
        fail()
        event = bus.emit(EVENT_TYPE, {"n": 1})
        getattr(endpoint, "recover", lambda: None)()
        clock.advance(3600)
        bus.deliver_due()
        ids = {arrival.delivery_id for arrival in endpoint.arrived()}
        assert ids == {one.id for one in bus.wait(event, 0)} or ids == {None}

    # ---- failing ----------------------------------------------------------------------------------------------------

    def test_a_refused_connection_is_transient(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        endpoint.proxy.fault = "refuse"
        endpoint.proxy.drop()
        self.assert_outcome(bus, endpoint, {"transient", "timeout"})

    def test_a_reset_connection_is_transient(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        endpoint.proxy.fault = "reset"
        self.assert_outcome(bus, endpoint, {"transient", "timeout"})

    def test_garbage_is_transient(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        endpoint.proxy.fault = "garbage"
        self.assert_outcome(bus, endpoint, {"transient", "timeout"})

    def test_a_half_closed_connection_is_transient(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        endpoint.proxy.fault = "half-closed"
        self.assert_outcome(bus, endpoint, {"transient", "timeout"})

    def test_a_server_that_hangs_is_given_up_within_the_time_limit(self, notifier: Notifier, endpoint: Any) -> None:
        endpoint.proxy.fault = "hang"
        limit = notifier.limit(*self.opening(notifier, endpoint))
        assert limit > 0
        found: list[BaseException] = []

        def work() -> None:
            try:
                with self.channel(notifier, endpoint) as channel:
                    _send(channel, _delivery(notifier, endpoint, "hang"))
            except BaseException as error:
                found.append(error)

        thread = threading.Thread(target=work, daemon=True)
        began = time.monotonic()
        thread.start()
        thread.join(limit + 1)
        late = thread.is_alive()
        endpoint.proxy.close()
        assert not late, f"still hanging after its own limit of {limit:g} s"
        assert time.monotonic() - began <= limit + 0.5
        assert found and isinstance(found[0], TransientFailure | TimeoutError), found

    def test_an_error_of_the_server_is_transient(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        _method(endpoint, "fail")()
        self.assert_outcome(bus, endpoint, {"transient", "timeout"})

    def test_a_rejection_is_permanent(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        _method(endpoint, "reject")()
        self.assert_outcome(bus, endpoint, {"permanent"})

    def test_bad_credentials_are_a_failure_that_says_so(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        _method(endpoint, "refuse_credentials")()
        self.assert_outcome(bus, endpoint, {"transient", "permanent"})

    def assert_outcome(self, bus: EventBus, endpoint: Any, outcomes: set[str]) -> None:
        """The next event fails in one of these ways, with a text that says why."""
        event = bus.emit(EVENT_TYPE, {"repo_id": "failing"})
        for delivery in bus.wait(event, 0):
            attempt = next(iter(bus.outbox.attempts(delivery.id)))
            assert attempt.outcome in outcomes, f"{attempt.outcome}: {attempt.detail}"
            assert attempt.detail.strip(), "a failure must say what happened"
            break

    # ---- tidiness ---------------------------------------------------------------------------------------------------

    def test_nothing_secret_is_seen(
        self, notifier: Notifier, endpoint: Any, bus: EventBus, listener: Listener, caplog: pytest.LogCaptureFixture
    ) -> None:
        secrets = _secrets(notifier, endpoint)
        if not secrets:
            pytest.skip("the configuration has no secret")
        caplog.set_level(logging.DEBUG)
        raw: list[str] = []
        with self.channel(notifier, endpoint) as channel:
            _send(channel, _delivery(notifier, endpoint, "secret"))
            raw += [repr(channel), repr(notifier), channel.detail]
        for fault in ("refuse", "reset", "garbage"):
            endpoint.proxy.fault = fault
            endpoint.proxy.drop()
            try:
                with self.channel(notifier, endpoint) as channel:
                    _send(channel, _delivery(notifier, endpoint, "secret"))
            except Exception as error:
                raw += [str(error), repr(error), *(str(cause) for cause in _causes(error))]
        own = self.module.split(".")[0]
        raw += [record.getMessage() for record in caplog.records if record.name.split(".")[0] == own]
        raw += [str(bus.listeners.redacted(listener))]
        for secret in secrets:
            assert not any(secret in text for text in raw), "a secret is in a text, repr or log record of the notifier"
        for key in secret_fields(notifier.config_schema()) & set(listener.notifier_config):
            assert bus.listeners.redacted(listener)[key] == MASK

    def test_nothing_is_left_after_close(self, notifier: Notifier, endpoint: Any) -> None:
        with self.channel(notifier, endpoint) as channel:  # whatever is made once and for all is made now
            _send(channel, _delivery(notifier, endpoint, "first"))
        before = _resources()
        for number in range(3):
            with self.channel(notifier, endpoint) as channel:
                _send(channel, _delivery(notifier, endpoint, f"left-{number}"))
        deadline = time.monotonic() + 5
        while (left := _resources() - before) and time.monotonic() < deadline:
            endpoint.proxy.drop()  # the server's ends are in this process too
            time.sleep(0.05)
        assert len(left) <= 0, f"left open after close: {sorted(left)}"

    def test_closing_twice_or_after_a_failed_open_harms_nothing(self, notifier: Notifier, endpoint: Any) -> None:
        channel = notifier.open(*self.opening(notifier, endpoint))
        with channel:
            pass
        channel.close()
        endpoint.proxy.fault = "refuse"
        other = notifier.open(*self.opening(notifier, endpoint))
        try:
            with other:
                _send(other, _delivery(notifier, endpoint, "refused"))
        except Exception:
            other.close()


@contextmanager
def open_bus(notifier: Notifier, endpoint: Any, folder: Path, clock: FakeClock) -> Iterator[EventBus]:
    """A bus that delivers inline and has this notifier alone."""

    class Plugin:
        @hookimpl
        def pulp_notifiers(self) -> list[Notifier]:
            return [notifier]

    plugins = Plugins()
    plugins.add(notifier.type_id, Plugin())
    sections = {"events": {"data_dir": str(folder / "data")}, **getattr(endpoint, "settings", {})}
    lines = [
        f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())
        for section, values in sections.items()
    ]
    config = folder / "server.conf"
    config.write_text("\n".join(lines))
    with EventBus.open(config, deliver="inline", plugins=plugins, clock=clock) as bus:
        yield bus


def _delivery(notifier: Notifier, endpoint: Any, mark: str) -> Delivery:
    _, targets = validate(notifier, endpoint.config)
    return make_delivery(EVENT_TYPE, {"repo_id": mark}, target=targets[0])


def _send(channel: Any, delivery: Delivery) -> None:
    if channel.batch_size > 1:
        for _, failure in channel.send_batch([delivery]):
            if failure is not None:
                raise failure
    else:
        assert channel.send(delivery) is None, "send() and deliver() return None"


def _method(endpoint: Any, name: str) -> Callable[[], None]:
    found: Callable[[], None] | None = getattr(endpoint, name, None)
    if found is None:
        pytest.skip(f"the endpoint has no {name}()")
    return found


def _secrets(notifier: Notifier, endpoint: Any) -> list[str]:
    marked = secret_fields(notifier.config_schema())
    found = [value for key, value in endpoint.config.items() if key in marked]
    texts = [text for value in found for text in (value if isinstance(value, list | tuple) else [value])]
    return [str(text) for text in (*texts, *getattr(endpoint, "secrets", ()))]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        error = error.__cause__ or error.__context__
        if error is not None:
            yield error


def _resources() -> set[str]:
    """Threads and, where the system tells, open files and sockets of this process, but for the test's own servers'."""
    ours = ("fault-proxy-", "http-sink-", "smtp-sink-", "amqp-broker-")
    threads = {
        f"thread {thread.name} {thread.ident}"
        for thread in threading.enumerate()
        if not thread.name.startswith(ours) and "(_serve)" not in thread.name and "(_copy)" not in thread.name
    }
    files = set()
    folder = Path("/proc/self/fd")
    for link in folder.iterdir() if folder.exists() else ():
        try:
            files.add(f"file {link.name} {link.readlink()}")
        except OSError:
            continue
    return threads | files
