"""A bus on its own data folder."""

import os
import shutil

import pytest

from pulp_events import EventBus


@pytest.fixture
def settings(tmp_path):
    """Two listeners have series of their own."""
    return {"events": {"data_dir": str(tmp_path / "data")}, "prometheus": {"listeners": 2}}


@pytest.fixture
def bus(settings):
    with EventBus.open(settings=settings, deliver="inline") as bus:
        yield bus


@pytest.fixture(scope="session")
def needs():
    """`needs("promtool")`: its path; skips without it, unless nothing may be skipped."""

    def need(program):
        found = shutil.which(program)
        if found is None and os.environ.get("PULP_EVENTS_NO_SKIP") == "1":
            pytest.fail(f"{program} is not installed; .ci/install-system-packages installs it")
        return found or pytest.skip(f"{program} is not installed")

    return need
