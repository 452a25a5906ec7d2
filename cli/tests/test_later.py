"""Times that are to come, as they are typed: in local time, whatever the clocks do."""

import argparse
import time
from datetime import UTC, datetime, timedelta

import pytest

from pulp_events_cli.parser import later
from pulp_events_cli.parser.argument_types import moment

EVENING = datetime(2026, 11, 24, 21, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-25T07:00", "2026-11-25T06:00:00+00:00"),
        ("2026-11-25 07:00:30", "2026-11-25T06:00:30+00:00"),
        ("2026-11-25T07:00Z", "2026-11-25T07:00:00+00:00"),
        ("2026-11-25T07:00+09:00", "2026-11-24T22:00:00+00:00"),
        ("2026-11-25", "2026-11-24T23:00:00+00:00"),
        ("07:00", "2026-11-25T06:00:00+00:00"),
        ("23:00", "2026-11-24T22:00:00+00:00"),
        ("22:30", "2026-11-25T21:30:00+00:00"),
        ("22:00Z", "2026-11-24T22:00:00+00:00"),
        ("21:00Z", "2026-11-25T21:00:00+00:00"),
        ("2020-01-01", "2019-12-31T23:00:00+00:00"),
        ("2026-07-01T07:00", "2026-07-01T05:00:00+00:00"),
    ],
)
def test_a_time_is_local_unless_it_says_otherwise_and_the_next_one_without_a_date(text, moment):
    assert later._moment(text, EVENING).isoformat() == moment


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2h", "for a duration there is --for"),
        ("tomorrow", "write 07:00 or 2026-11-24T07:00"),
        ("", "write 07:00"),
        ("25:00", "is not a valid time"),
        ("0001-01-01", "is not a valid time"),
        ("2027-03-28T02:30", "the clocks are then put forward"),
        ("2026-10-25T02:30", "write 2026-10-25T02:30:00[+]0200 or 2026-10-25T02:30:00[+]0100"),
    ],
)
def test_what_is_no_moment_or_two_is_refused(text, hint):
    with pytest.raises(argparse.ArgumentTypeError, match=hint):
        later.later(text)


def test_a_time_of_the_night_in_which_the_clocks_change_is_the_one_that_the_clock_shows():
    saturday = datetime(2026, 10, 24, 21, 0, tzinfo=UTC)
    assert later._moment("07:00", saturday).isoformat() == "2026-10-25T06:00:00+00:00"
    with pytest.raises(argparse.ArgumentTypeError, match="comes twice"):
        later._moment("02:30", saturday)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("22:29", "2026-11-24T21:29:00+00:00"),
        ("22:30", "2026-11-24T21:30:00+00:00"),
        ("22:31", "2026-11-23T21:31:00+00:00"),
        ("21:31Z", "2026-11-23T21:31:00+00:00"),
        ("2026-11-25T07:00", "2026-11-25T06:00:00+00:00"),
    ],
)
def test_of_what_happened_a_time_without_a_date_is_the_last_such(text, moment):
    assert later._moment(text, EVENING.astimezone(), later._last).isoformat() == moment


def test_since_takes_what_until_of_a_mute_takes():
    assert datetime.now(UTC) - moment("22:34") <= timedelta(days=1, hours=1)
    with pytest.raises(argparse.ArgumentTypeError, match="write 2026-11-24T08:00, 08:00, or 2h for two hours ago"):
        moment("noon")
