"""The enricher does what pulp-events asks of every enricher: each test of EnricherContract is one claim."""

import os
import platform

import pulp_events_enricher
import pytest

from pulp_events.testing import EnricherContract, make_event


class TestEnricher(EnricherContract):
    module = "pulp_events_enricher"
    adds = ("emitted_by",)

    @pytest.fixture
    def fail(self, monkeypatch):
        def break_the_name_of_the_host():
            monkeypatch.setattr(platform, "node", lambda: 1 / 0)

        return break_the_name_of_the_host


def test_it_says_who_emitted_an_event_unless_somebody_did():
    first = pulp_events_enricher.pulp_before_emit(make_event())
    assert first.payload["emitted_by"] == {"host": platform.node(), "pid": os.getpid()}
    assert pulp_events_enricher.pulp_before_emit(first) is None
