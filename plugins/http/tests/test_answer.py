"""What an answer means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events import PermanentFailure, TransientFailure
from pulp_events.errors import DeliveryFailure
from pulp_events_http.answer import excerpt_of, judge, parse_retry_after

NOW = 1_700_000_000.0


def judged(status: int, headers: dict[str, str] | None = None, body: str = "", **more) -> DeliveryFailure | None:
    return judge(status, "Reason", headers or {}, body, url="https://h/hook?token=1", now=NOW, **more)


@given(st.integers(0, 1200))
def test_every_status_is_delivered_transient_or_permanent(status: int) -> None:
    failure = judged(status)
    if 200 <= status <= 299:
        assert failure is None
        return
    assert failure is not None
    assert str(failure).startswith(str(status))
    assert type(failure) is (PermanentFailure if status == 410 else TransientFailure)


def test_gone_disables_the_listener_and_nothing_else_does() -> None:
    gone = judged(410)
    assert isinstance(gone, PermanentFailure) and gone.disable_listener
    for status in (404, 422):
        failure = judged(status, permanent=(404, 422))
        assert isinstance(failure, PermanentFailure) and not failure.disable_listener
    gone = judged(410, permanent=(410,))
    assert isinstance(gone, PermanentFailure) and gone.disable_listener


@pytest.mark.parametrize("status", [300, 301, 400, 401, 403, 404, 405, 407, 413, 415, 421, 422, 451, 500, 501, 505])
def test_only_what_the_listener_calls_permanent_is_final(status: int) -> None:
    failure = judged(status)
    assert isinstance(failure, TransientFailure)
    assert failure.credentials == (status in (401, 403, 407))
    assert isinstance(judged(status, permanent=(status,)), PermanentFailure)
    assert isinstance(judged(status, permanent=(418,)), TransientFailure)


def test_a_redirect_names_its_target_without_anything_secret() -> None:
    failure = judged(301, {"location": "https://u:p@new.example/x?key=1#f"})
    assert isinstance(failure, TransientFailure)
    assert "to https://new.example/x; put the new address in the listener's url" in str(failure)
    assert "u:p" not in str(failure)
    assert "to https://h/moved;" in str(judged(302, {"location": "/moved?key=1"}))


def test_a_304_is_no_redirect() -> None:
    text = str(judged(304))
    assert text.startswith("304 Reason: not a valid answer to a POST")
    assert "redirect" not in text and "url" not in text


def test_a_407_names_the_setting_where_a_proxy_was_asked() -> None:
    assert "in [http] proxy" in str(judged(407, by_proxy=True))
    assert "proxy" not in str(judged(407)) and "proxy" not in str(judged(401, by_proxy=True))


@pytest.mark.parametrize("location", ["http://[bad/x?key=1", "//u:p@[::1/x#key", "http://h:port]/x", "https://[v1.x"])
def test_a_location_that_does_not_parse_is_named_as_it_is(location: str) -> None:
    text = str(judged(302, {"location": location}))
    assert "redirects are not followed to " in text
    assert "[" in text or "]" in text
    assert "key" not in text and "u:p" not in text


@given(st.text(max_size=80))
def test_no_location_breaks_the_refusal(location: str) -> None:
    assert "\n" not in str(judged(302, {"location": location}))


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


def test_a_pause_is_what_the_receiver_asks_for_with_429_or_a_5xx() -> None:
    def wait(status: int, value: str | None) -> float | None:
        failure = judged(status, {"retry-after": value} if value else None)
        assert isinstance(failure, TransientFailure)
        return failure.retry_after

    assert wait(503, "7") == wait(500, "7") == wait(429, "7") == 7.0
    assert wait(503, None) is None
    assert wait(429, None) == wait(429, "soon") == 60.0
    assert wait(429, "90") == 90.0
    assert wait(429, "0") == wait(503, "Tue, 14 Nov 2000 22:00:00 GMT") == 1.0


@pytest.mark.parametrize("status", [301, 400, 404, 408, 413, 422])
def test_what_is_about_one_request_holds_no_other_back(status: int) -> None:
    failure = judged(status, {"retry-after": "3600"})
    assert isinstance(failure, TransientFailure)
    assert failure.retry_after is None


@given(st.binary(max_size=5000))
def test_an_excerpt_is_one_printable_line_of_bounded_length(body: bytes) -> None:
    excerpt = excerpt_of(body, None)
    assert len(excerpt) <= 1024
    assert excerpt.isprintable()


def test_a_compressed_body_is_not_unpacked() -> None:
    assert excerpt_of(b"\x1f\x8b...", "gzip") == "(gzip body)"


@pytest.mark.parametrize("status", [401, 403, 407, 404])
def test_a_permanent_refusal_of_credentials_too_is_tried_over_a_new_channel_first(status):
    failure = judge(status, "", {}, "", url="http://ci.example/", now=0.0, permanent=[401, 403, 404, 407])
    assert isinstance(failure, PermanentFailure)
    assert failure.credentials == (status != 404)
