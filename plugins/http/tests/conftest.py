"""What the tests of the HTTP notifier share."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from pulp_events import Channel, Delivery
from pulp_events_http import pulp_notifiers

REPORT = json.dumps({"call_report": {}, "event_type": "repo.sync.start", "payload": {"repo_id": "pulp2"}}).encode()


def a_delivery(report: bytes = REPORT, number: int = 1) -> Delivery:
    """One that is due for the event of the guide."""
    return Delivery(
        id=f"01929e5f-0000-7000-8000-000000000001.{number}",
        event_id="01929e5f-0000-7000-8000-000000000001",
        event_type="repo.sync.start",
        event_time=datetime(2012, 10, 19, 19, 9, 16, tzinfo=UTC),
        source="",
        report=report,
        listener_id="50bf51ffdd01fb5b9d000003",
        target="",
    )


Opening = Callable[..., AbstractContextManager[Channel]]


@pytest.fixture
def open_channel() -> Opening:
    """Opens a channel as the dispatcher does: configuration and settings go through the schemas."""

    @contextlib.contextmanager
    def opening(config: dict[str, Any], settings: dict[str, Any] | None = None) -> Iterator[Channel]:
        (notifier,) = pulp_notifiers()
        assert notifier.settings_schema is not None
        loaded = notifier.settings_schema().load(settings or {})
        with notifier.open(notifier.config_schema().load(config), loaded) as channel:
            yield channel

    return opening


@pytest.fixture
def socks_server() -> Callable[..., Any]:
    """Runs a SOCKS server: `with socks_server(account=(b"me", b"pw")) as socks`; see socks_server.py."""
    spec = importlib.util.spec_from_file_location(
        "http_tests_socks_server", Path(__file__).with_name("socks_server.py")
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module.socks_server  # type: ignore[no-any-return]


@pytest.fixture
def delivery() -> Delivery:
    """A delivery of the guide's event."""
    return a_delivery()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts unless told to."""
    return trustme.CA()
