"""A rolling upgrade over one data folder, with processes killed at random, loses nothing."""

import pytest
from releases import LAST, Releases
from rolling import Rolling, check_all_arrived

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def check_rolling(endpoints, tmp_path, earlier, seed):
    config = endpoints.write_settings(tmp_path / "server.conf", tmp_path / "data", lease="2s")
    with Releases(tmp_path, earlier) as releases:
        rolling = Rolling(releases, config, earlier, seed)
        rolling.run(endpoints.http.url)
    check_all_arrived(endpoints.http, rolling.stored)
    return rolling


def test_with_the_last_release(endpoints, tmp_path):
    assert check_rolling(endpoints, tmp_path, LAST, seed=1).refused == 0


def test_with_a_release_whose_tables_are_older(endpoints, tmp_path):
    """Its processes that are at work go on, as what was added to the tables is not in their way; new ones are refused,
    and started as this release."""
    assert check_rolling(endpoints, tmp_path, "0.1.dev8", seed=2).refused > 0
