"""What the tests of the email notifier share."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
import trustme

from pulp_events import Channel, Delivery
from pulp_events.testing.smtp_sink import SmtpSink
from pulp_events_email import pulp_notifiers

REPORT = {
    "call_report": {"task_id": "79be77a8-1a20-11e2-aeb9-1803731e94c4", "tags": ["pulp:action:sync"], "result": None},
    "event_type": "repo.sync.start",
    "payload": {"repo_id": "pulp2"},
}


@pytest.fixture
def delivery() -> Delivery:
    """A delivery of the guide's event to the first of its recipients."""
    return Delivery(
        id="01929e5f-0000-7000-8000-000000000001.1",
        event_id="01929e5f-0000-7000-8000-000000000001",
        event_type="repo.sync.start",
        event_time=datetime(2012, 10, 19, 19, 9, 16, tzinfo=UTC),
        source="",
        report=json.dumps(REPORT).encode(),
        listener_id="5081a42ce19a00ea4300000e",
        target="someone@redhat.com",
    )


@pytest.fixture
def to(delivery: Delivery) -> Callable[[str], Delivery]:
    """The same delivery to another recipient."""
    return lambda address: dataclasses.replace(delivery, target=address)


Opening = Callable[..., AbstractContextManager[Channel]]


@pytest.fixture
def open_channel() -> Opening:
    """Opens a channel to a sink as the dispatcher does: configuration and settings go through the schemas."""

    @contextlib.contextmanager
    def opening(sink: SmtpSink | None, subject: str = "pulp notification", **settings: Any) -> Iterator[Channel]:
        (notifier,) = pulp_notifiers()
        assert notifier.settings_schema is not None
        where = {"host": sink.host, "port": sink.port} if sink else {}
        loaded = notifier.settings_schema().load({"enabled": True, "timeout": "5s", **where, **settings})
        config = notifier.config_schema().load({"subject": subject, "addresses": "someone@redhat.com"})
        with notifier.open(config, loaded) as channel:
            yield channel

    return opening


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts unless told to."""
    return trustme.CA()
