"""Claims about the answers of an HTTP receiver, where the endpoint has one: its attribute `sink` is an `HttpSink`."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest

from pulp_events import Notifier
from pulp_events.testing.http_sink import Answer, HttpSink, Request
from pulp_events.testing.notifier_contract.subject import Subject, delivery_to

REDIRECTS = (300, 301, 302, 303, 304, 305, 307, 308)
"""RFC 9110, section 15.4."""
ERRORS = (400, 402, 404, 405, 409, 413, 418, 422, 500, 501, 502, 503, 504)
"""Sections 15.5 and 15.6: those that are neither about credentials nor the end of all deliveries."""
ELSEWHERE = "/contract-elsewhere"


class StatusClaims(Subject):
    """The receiver answers each request with one status."""

    def test_only_an_answer_of_2xx_is_a_delivery(self, notifier: Notifier, endpoint: Any) -> None:
        sink = sink_of(endpoint)
        answers: dict[str, Answer | Callable[[Request], Answer]] = {
            **{named(status): Answer(status) for status in (*REDIRECTS, *ERRORS)},
            **{f"{named(status)} to another place": redirect(sink, status) for status in REDIRECTS},
        }
        for name, answer in answers.items():
            sink.answer = answer
            try:
                with self.channel(notifier, endpoint) as channel:
                    self.send(channel, delivery_to(notifier, endpoint, "status"))
            except Exception:  # noqa: S112  # other claims look at what is raised
                continue
            pytest.fail(
                f"an answer of {name} is called delivered; only 2xx says that the receiver has the report. Follow no "
                "redirect: what is asked for there may have lost the report, and no administrator sent it there"
            )


def sink_of(endpoint: Any) -> HttpSink:
    """Skips the claim for an endpoint that is no HTTP receiver of the kit."""
    found = getattr(endpoint, "sink", None)
    if not isinstance(found, HttpSink):
        pytest.skip("the endpoint's `sink` is no HttpSink")
    return found


def redirect(sink: HttpSink, status: int) -> Callable[[Request], Answer]:
    """Answers with a redirect to a place where everything is welcome."""
    there = Answer(status, {"Location": f"{sink.url}{ELSEWHERE}"})
    return lambda request: Answer(200) if request.path == ELSEWHERE else there


def named(status: int) -> str:
    """As a status line has it."""
    return f"{status} {HTTPStatus(status).phrase}"
