"""Claims about what a failure says beside its text: that credentials were refused, that the receiver wants no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pulp_events import DeliveryFailure, Notifier, PermanentFailure
from pulp_events.testing.http_sink import Answer, HttpSink
from pulp_events.testing.notifier_contract.statuses import ERRORS, named
from pulp_events.testing.notifier_contract.subject import Subject, delivery_to

CREDENTIALS = (401, 403, 407)
"""RFC 9110: an administrator mends them, and the listener goes on."""


class JudgingClaims(Subject):
    """With each failure that can be brought about and is about neither."""

    def test_only_refused_credentials_are_called_so(self, notifier: Notifier, endpoint: Any) -> None:
        said: dict[str, bool] = {}
        for name, certain, prepare in _failures(endpoint):
            prepare()
            failure = self._failure(notifier, endpoint)
            if failure is not None:
                said[name] = bool(getattr(failure, "credentials", False))
                assert not (certain and said[name]), _of_credentials(name)
        if not said:
            pytest.skip("the endpoint cannot be made to fail")
        assert len(said) < 2 or not all(said.values()), _of_credentials(" and ".join(said))

    def test_a_rejection_does_not_disable_the_listener(self, notifier: Notifier, endpoint: Any) -> None:
        for name, prepare in _rejections(endpoint):
            prepare()
            failure = self._failure(notifier, endpoint)
            assert not (isinstance(failure, PermanentFailure) and failure.disable_listener), (
                f"{name} disables the listener, and with it all its deliveries, until an administrator enables it; "
                "raise PermanentFailure(…, disable_listener=True) only where the receiver says that it wants no more "
                "events, as with 410 Gone, and leave out the argument for what is about one event"
            )

    def _failure(self, notifier: Notifier, endpoint: Any) -> DeliveryFailure | None:
        """What one delivery over a new channel ends with, if that is one of the two."""
        if endpoint.proxy is not None:
            endpoint.proxy.drop()
        try:
            with self.channel(notifier, endpoint) as channel:
                self.send(channel, delivery_to(notifier, endpoint, "failing"))
        except DeliveryFailure as failure:
            return failure
        except Exception:
            return None
        return None


def _of_credentials(name: str) -> str:
    return (
        f"{name} is called a refusal of credentials (credentials=True), so each attempt is made twice and "
        "administrators look for a wrong password; leave out the argument unless the answer is about credentials or "
        "certificates"
    )


def _failures(endpoint: Any) -> Iterator[tuple[str, bool, Callable[[], object]]]:
    """What is about no credentials: its name, whether that is certain of it alone, and what brings it about.

    `fail` and `reject` of an endpoint may take permissions away, as far as the contract knows; both of them do not.
    """
    if (proxy := endpoint.proxy) is not None:
        yield "a refused connection", True, lambda: setattr(proxy, "fault", "refuse")
        proxy.fault = "none"
    sink = getattr(endpoint, "sink", None)
    if isinstance(sink, HttpSink):
        for status in ERRORS:
            yield f"an answer of {named(status)}", True, lambda status=status: setattr(sink, "answer", Answer(status))  # type: ignore[misc]
        return
    for name, method in (("an error of the server", "fail"), ("a rejection", "reject")):
        if (bring_about := getattr(endpoint, method, None)) is not None:
            yield name, False, bring_about
            getattr(endpoint, "recover", lambda: None)()


def _rejections(endpoint: Any) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is not the receiver's last word on the listener. Skips the claim where nothing can be had."""
    sink = getattr(endpoint, "sink", None)
    if isinstance(sink, HttpSink):
        for status in (*ERRORS, *CREDENTIALS):
            yield f"an answer of {named(status)}", lambda status=status: setattr(sink, "answer", Answer(status))  # type: ignore[misc]
        return
    if (reject := getattr(endpoint, "reject", None)) is None:
        pytest.skip("the endpoint has no reject()")
    yield "a rejection", reject
