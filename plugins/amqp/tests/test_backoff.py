"""Pauses between attempts to connect."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from pulp_events_amqp.backoff import FIRST, JITTER, Backoff

LONGEST = 2.5


@given(seed=st.integers(), failures=st.integers(1, 200), start=st.floats(0, 1e6))
def test_pauses_double_up_to_the_longest_and_a_success_ends_them(seed, failures, start) -> None:
    backoff, now = Backoff(LONGEST, random.Random(seed)), start
    for number in range(failures):
        backoff.failed(now)
        wanted = min(FIRST * 2**number, LONGEST)
        pause = backoff.remaining(now)
        assert wanted * (1 - JITTER) - 1e-6 <= pause <= wanted * (1 + JITTER) + 1e-6
        now += pause
        assert backoff.remaining(now) <= 1e-6
    backoff.succeeded()
    assert backoff.remaining(now) == 0
    backoff.failed(now)
    assert backoff.remaining(now) <= FIRST * (1 + JITTER) + 1e-6
