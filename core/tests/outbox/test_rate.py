"""Buckets of tokens: simulated claims, late ones and clocks that are set among them."""

import random

import pytest

from pulp_events.outbox.rate import SLACK, Rate, credible, taken, tokens, wait_for_more

RATES = [Rate(1, 3600), Rate(1, 1), Rate(7, 1), Rate(100, 60), Rate(100, 1), Rate(1000, 1), Rate(20000, 1)]
NOW = 1_790_000_000.0


class Bucket:
    def __init__(self, rate, now=NOW):
        self.each, self.spent, self.now, self.times = rate.each, 0.0, now, []

    def claim(self, most=10**9):
        """As a store does it: what nothing is taken of is stored only where it cannot be right."""
        spent = credible(self.spent, self.each, self.now)
        count = min(tokens(spent, self.each, self.now), most)
        if count:
            spent = taken(spent, self.each, self.now, count)
        if count or spent < self.spent:
            self.spent = spent
        self.times += [self.now] * count
        return count

    @property
    def wait(self):
        return wait_for_more(self.spent, self.each, self.now)


@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize("late", [0.0, 0.01, 0.02])
def test_who_comes_when_told_and_a_little_late_gets_the_rate_and_no_more(rate, late):
    bucket, dice = Bucket(rate), random.Random(1)
    first = bucket.claim()
    while len(bucket.times) < 500:
        bucket.now += bucket.wait + dice.random() * late + 1e-6
        bucket.claim()
    seconds = bucket.now - NOW
    expected = first + seconds / rate.each
    assert 0.97 * expected - 2 <= len(bucket.times) <= expected + 1


@pytest.mark.parametrize("rate", [*RATES, Rate(10, 1), Rate(40, 60), Rate(50, 60), Rate(30, 60)], ids=str)
@pytest.mark.parametrize("eager", [True, False])
def test_no_second_has_more_attempts_than_a_tenth_more_and_one_however_late_they_begin(rate, eager):
    bucket, dice, begun = Bucket(rate), random.Random(3), []
    while len(bucket.times) < 2000:
        bucket.now += bucket.wait + 1e-6 if eager else dice.random() * max(0.3, 2 * rate.each)
        begun += [bucket.now + rate.lasts * dice.choice([0, 1, dice.random()]) for _ in range(bucket.claim())]
    begun.sort()
    most, start = 0, 0
    for end, moment in enumerate(begun):
        while moment - begun[start] > 1.0:
            start += 1
        most = max(most, end - start + 1)
    assert most <= 1.1 / rate.each + 1 + 1e-3


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_no_second_has_more_than_a_tenth_more(rate):
    bucket, dice = Bucket(rate), random.Random(2)
    while len(bucket.times) < 3000:
        bucket.now += dice.choice([0.0, 0.001, 0.03, 0.3, 3.0]) * max(1.0, rate.each) * dice.random()
        bucket.claim(dice.choice([1, 3, 10**9]))
    most, start = 0, 0
    for end, moment in enumerate(bucket.times):
        while moment - bucket.times[start] > 1.0:
            start += 1
        most = max(most, end - start + 1)
    assert most <= 1.0 / rate.each + SLACK / rate.each + 1 + 1e-3


@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize("jump", [-86400.0, -1.0, 1.0, 86400.0])
def test_a_clock_that_is_set_neither_stalls_nor_floods(rate, jump):
    bucket = Bucket(rate)
    bucket.claim()
    bucket.now += bucket.wait
    bucket.claim()
    bucket.now += jump
    bucket.times.clear()
    bucket.claim()
    assert bucket.wait <= rate.each + SLACK
    assert len(bucket.times) <= SLACK / rate.each + 1 + 1e-3
    bucket.now += rate.each + SLACK + 1e-6
    assert bucket.claim() >= 1


def test_what_is_waited_for_is_there_then():
    for rate in RATES:
        bucket = Bucket(rate)
        bucket.claim()
        assert bucket.claim() == 0 and bucket.wait > 0
        bucket.now += bucket.wait
        assert bucket.claim() >= 1


def test_who_sends_many_claims_some_forty_times_a_second():
    bucket = Bucket(Rate(1000, 1))
    bucket.claim()
    claims = 0
    while bucket.now < NOW + 1:
        bucket.now += bucket.wait
        claims += bucket.claim() > 0
    assert 30 < claims < 50
