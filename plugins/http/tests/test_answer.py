"""What an answer means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events import PermanentFailure, TransientFailure
from pulp_events.errors import DeliveryFailure
from pulp_events_http.answer import excerpt_of, judge, parse_retry_after

NOW = 1_700_000_000.0


def judged(status: int, headers: dict[str, str] | None = None, body: str = "") -> DeliveryFailure | None:
    return judge(status, "Reason", headers or {}, body, url="https://h/hook?token=1", now=NOW)


@given(st.integers(0, 1200))
def test_every_status_is_delivered_transient_or_permanent(status: int) -> None:
    failure = judged(status)
    if 200 <= status <= 299:
        assert failure is None
        return
    assert failure is not None
    assert str(failure).startswith(str(status))
    transient = status in (408, 425, 429) or status >= 500 or status < 200
    assert type(failure) is (TransientFailure if transient else PermanentFailure)


def test_gone_disables_the_listener_and_nothing_else_does() -> None:
    for status in (400, 404, 410, 451):
        failure = judged(status)
        assert isinstance(failure, PermanentFailure)
        assert failure.disable_listener == (status == 410)


def test_a_redirect_names_its_target_without_anything_secret() -> None:
    failure = judged(301, {"Location": "https://u:p@new.example/x?key=1#f"})
    assert isinstance(failure, PermanentFailure)
    assert "to https://new.example/x;" in str(failure)
    assert "u:p" not in str(failure)
    assert "to https://h/moved;" in str(judged(302, {"Location": "/moved?key=1"}))
    assert "304" in str(judged(304))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_breaks_the_parser(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or seconds >= 0


def test_retry_after_is_passed_on_and_too_many_requests_means_a_minute_at_least() -> None:
    def wait(status: int, value: str | None) -> float | None:
        failure = judged(status, {"Retry-After": value} if value else None)
        assert isinstance(failure, TransientFailure)
        return failure.retry_after

    assert wait(503, "7") == 7.0
    assert wait(503, None) is None
    assert wait(429, None) == wait(429, "7") == 60.0
    assert wait(429, "90") == 90.0


@given(st.binary(max_size=5000))
def test_an_excerpt_is_one_printable_line_of_bounded_length(body: bytes) -> None:
    excerpt = excerpt_of(body, None)
    assert len(excerpt) <= 1024
    assert excerpt.isprintable()


def test_a_compressed_body_is_not_unpacked() -> None:
    assert excerpt_of(b"\x1f\x8b...", "gzip") == "(gzip body)"
