"""Claims about what administrators ask of a notifier without delivering anything: preview, probe, warnings."""

from __future__ import annotations

from typing import Any

import pytest

from pulp_events import DeliveryFailure, Notifier
from pulp_events.listeners.notifier_config import readable_part, validate
from pulp_events.plugins import boundary
from pulp_events.testing.notifier_contract.secrecy import assert_no_secret
from pulp_events.testing.notifier_contract.subject import Subject, delivery_to, proxy_of


class LookingClaims(Subject):
    """They are skipped where the notifier does not override the method."""

    def test_a_preview_sends_nothing(self, notifier: Notifier, endpoint: Any) -> None:
        if type(notifier).preview is Notifier.preview:
            pytest.skip("it has no preview of its own")
        _, settings = self.opening(notifier, endpoint)
        readable = readable_part(notifier, validate(notifier, endpoint.config)[0])
        before = 0 if endpoint.proxy is None else endpoint.proxy.connections
        text: object = notifier.preview([delivery_to(notifier, endpoint, "preview")], readable, settings)
        assert text is None or isinstance(text, str), f"preview() returned {boundary.shown(text)}; return text or None"
        assert "preview" in (text or "preview"), "preview() says nothing of the event; return what its message would"
        self.await_arrivals(endpoint, 0)
        assert endpoint.proxy is None or endpoint.proxy.connections == before, "preview() connects; nothing may leave"
        assert_no_secret(notifier, endpoint, [text or ""], "what preview() returned")

    def test_a_probe_finds_out_and_delivers_nothing(self, notifier: Notifier, endpoint: Any) -> None:
        if type(notifier).probe is Notifier.probe:
            pytest.skip("it has no probe")
        _, settings = self.opening(notifier, endpoint)
        lines: list[str] = []
        boundary.probe(notifier, settings, lines.append)
        assert any(line.strip() for line in lines), "probe() found nothing to say; yield what was found, line by line"
        self.await_arrivals(endpoint, 0)
        assert_no_secret(notifier, endpoint, lines, "what probe() found")
        proxy = proxy_of(endpoint)
        proxy.fault = "refuse"
        proxy.drop()
        with pytest.raises(DeliveryFailure) as raised:
            boundary.probe(notifier, settings, lines.append)
            pytest.fail("the server cannot be reached, and probe() raises nothing; raise TransientFailure")
        assert str(raised.value).strip(), "a failure must say what happened"
        assert_no_secret(notifier, endpoint, [str(raised.value)], "the failure of probe()")

    def test_warnings_are_texts_without_secrets(self, notifier: Notifier, endpoint: Any) -> None:
        _, settings = self.opening(notifier, endpoint)
        readable = readable_part(notifier, validate(notifier, endpoint.config)[0])
        for method, found in (
            ("warnings", notifier.warnings(readable, settings)),
            ("settings_warnings", notifier.settings_warnings(settings)),
        ):
            assert_no_secret(notifier, endpoint, boundary.texts(found, f"{method}()"), f"what {method}() returned")
