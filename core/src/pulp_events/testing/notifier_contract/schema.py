"""Claims about the schema and the plugin, as they are without an event."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from pulp_events import InvalidConfig, Notifier
from pulp_events.frozen import thaw
from pulp_events.listeners.config_references import with_secrets
from pulp_events.listeners.notifier_config import complete, readable_part, validate
from pulp_events.plugins import checks
from pulp_events.plugins.validation import check_notifiers
from pulp_events.secrets import places, secret_fields
from pulp_events.testing.notifier_contract.importing import imported
from pulp_events.testing.notifier_contract.subject import Subject, secrets_of


class SchemaClaims(Subject):
    """Nothing is delivered here."""

    def test_it_can_be_registered(self, notifier: Notifier) -> None:
        check_notifiers([notifier])

    def test_every_option_has_a_help_text(self, notifier: Notifier) -> None:
        assert_claim(checks.every_option_has_help, notifier)

    def test_what_sounds_like_a_secret_is_marked_as_one(self, notifier: Notifier) -> None:
        assert_claim(checks.secrets_are_marked, notifier)

    def test_what_sounds_like_a_file_or_program_is_marked_as_one(self, notifier: Notifier) -> None:
        assert_claim(checks.fields_of_the_machine_are_marked, notifier)

    def test_where_it_connects_to_is_declared_as_it_is_done(self, notifier: Notifier) -> None:
        assert_claim(checks.connections_are_declared, notifier)

    def test_the_settings_have_defaults(self, notifier: Notifier) -> None:
        assert_claim(checks.settings_work_without_a_file, notifier)

    def test_a_configuration_survives_json(self, notifier: Notifier, endpoint: Any) -> None:
        assert_claim(checks.configuration_is_json, notifier)
        stored, targets = validate(notifier, endpoint.config)
        again = validate(notifier, json.loads(json.dumps(stored)))
        assert again == (stored, targets), "validating what was stored must give the same again"

    def test_invalid_configurations_are_refused_by_the_schema(self, notifier: Notifier) -> None:
        assert self.invalid, "name some invalid configurations"
        for config in self.invalid:
            with pytest.raises(InvalidConfig) as refused:
                validate(notifier, config)
            assert str(refused.value).count("\n") == 0
            for key in secret_fields(notifier.config_schema()) & set(config):
                assert str(config[key]) not in str(refused.value), f"the error shows the secret {key}"

    def test_importing_it_imports_no_transport(self) -> None:
        found = sorted(set(self.transports) & set(imported(self.module).modules))
        assert not found, f"importing {self.module} imports {', '.join(found)}; import it where a channel opens"

    def test_targets_are_labels_without_secrets(self, notifier: Notifier, endpoint: Any) -> None:
        _, targets = validate(notifier, endpoint.config)
        assert targets and all(isinstance(target, str) for target in targets)
        labels = list(notifier.targets(readable_part(notifier, validate(notifier, endpoint.config)[0])))
        assert len(set(labels)) == len(labels), f"two targets have one label: {labels}; each gets deliveries of its own"
        for secret in secrets_of(notifier, endpoint):
            assert not any(secret in target for target in targets), "a target's label shows a secret"

    def test_its_secrets_may_be_references(
        self, notifier: Notifier, endpoint: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`check`, `targets`, `window` and `warnings` then get the others alone, and `open` the values."""
        schema = notifier.config_schema()
        secrets = {at.path[0] for at in places(schema, thaw(endpoint.config)) if at.is_secret}
        if not secrets:
            pytest.skip("it has no secret")
        names = itertools.count(1)

        def reference(value: str) -> Mapping[str, str]:
            name = f"CONTRACT_SECRET_{next(names)}"
            monkeypatch.setenv(name, value)
            return {"$env": name}

        references = with_secrets(schema, endpoint.config, reference)
        _, settings = self.opening(notifier, endpoint)
        try:
            stored, _ = validate(notifier, references)
            readable = readable_part(notifier, stored)
            notifier.window(readable)
            notifier.warnings(readable, settings)
        except Exception as error:
            raise AssertionError(
                f"with references in the places of its secrets: {type(error).__name__}: {error}; check(), targets(), "
                "window() and warnings() do not get those, at any depth, so ask with config.get() or is_given()"
            ) from error
        given, _ = validate(notifier, endpoint.config)
        opened, expected = complete(notifier, stored), complete(notifier, given)
        for name, field in schema.fields.items():
            if (field.data_key or name) in secrets:
                key = field.attribute or name
                assert opened.get(key) == expected.get(key), f"{key} is not the value that the reference stands for"


def assert_claim(claim: Callable[[Notifier], Iterator[str]], notifier: Notifier) -> None:
    """Fail with everything that is wrong."""
    wrong = list(claim(notifier))
    assert not wrong, "; ".join(wrong)
