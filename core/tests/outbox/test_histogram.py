"""Values of seconds in buckets: what a quantile is worth."""

import math

from hypothesis import given
from hypothesis import strategies as st

from pulp_events.outbox.histogram import ERROR, FIRST, LAST, Histogram, added, bucket_of

SECONDS = st.floats(min_value=0.00012, max_value=1_000_000)


def histogram_of(values):
    return added(Histogram({bucket_of(each): 1}) for each in values)


@given(st.lists(SECONDS, min_size=1, max_size=50), st.sampled_from([0.0, 0.5, 0.95, 1.0]))
def test_a_quantile_is_off_by_no_more_than_is_said(values, share):
    exact = sorted(values)[max(0, math.ceil(len(values) * share) - 1)]
    found = histogram_of(values).quantile(share)
    assert exact / (1 + ERROR) * 0.9999 <= found <= exact * (1 + ERROR) * 1.0001


@given(st.lists(SECONDS), st.lists(SECONDS))
def test_the_sum_of_histograms_is_the_histogram_of_all_values(one, other):
    assert histogram_of(one) + histogram_of(other) == histogram_of([*one, *other])


def test_whatever_a_clock_makes_of_it_has_a_bucket():
    assert bucket_of(-5.0) == bucket_of(0.0) == bucket_of(math.nan) == FIRST
    assert bucket_of(math.inf) == bucket_of(1e300) == LAST
    assert Histogram().quantile(0.5) is None and Histogram().count == 0
