"""Claims about what `pulp-admin` makes of the schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pulp_events import EventBus, Listener, Notifier
from pulp_events.notation.structure import Object, offered, structure
from pulp_events.notation.writing import write
from pulp_events.secrets import describe_reference, is_reference, is_secret_field
from pulp_events.testing.admin import in_process, is_installed
from pulp_events.testing.notifier_contract.subject import EVENT_TYPE, Subject, secrets_of

Run = Callable[..., str]


class CommandLineClaims(Subject):
    """They are skipped where pulp-events-cli is not installed."""

    @pytest.fixture
    def admin(self, bus: EventBus, notifier: Notifier) -> Run:
        """Runs a command of the notifier's section, or another; returns what it printed."""
        if not is_installed():
            pytest.skip("pulp-admin is not installed; pip install pulp-events-cli")

        def run(*words: str) -> str:
            return in_process(words, bus.settings.path, bus.plugins)

        return run

    def test_the_command_line_is_made_from_its_schema(
        self, notifier: Notifier, endpoint: Any, listener: Listener, admin: Run, tmp_path: Path
    ) -> None:
        section = ("event", "listener", notifier.type_id)
        text = " ".join(admin(*section, "create", "--help").split())
        admin("--man-pages", str(tmp_path / "man"))
        page = tmp_path / "man" / f"pulp-admin-event-listener-{notifier.type_id}-create.1"
        manual = page.read_text("utf-8").replace("\\", "")
        for key in _options(notifier):
            assert _option(notifier, key, text) in text, f"{key} is not in the help"
            assert _option(notifier, key, text) in manual, f"{key} is not in the manual page"
        assert "--listener-id" in admin(*section, "update", "--help")
        shown = admin("event", "listener", "list")
        assert listener.id in shown
        for secret in secrets_of(notifier, endpoint):
            assert secret not in shown

    def test_what_the_api_takes_the_command_line_takes(
        self, notifier: Notifier, bus: EventBus, listener: Listener, admin: Run
    ) -> None:
        section = ("event", "listener", notifier.type_id)
        text = admin(*section, "create", "--help")
        words = list(_words(notifier, listener.notifier_config, text))
        created = json.loads(admin(*section, "create", f"--event-type={EVENT_TYPE}", *words, "--json"))["id"]
        assert bus.listeners.get(created).notifier_config == listener.notifier_config
        admin(*section, "update", f"--listener-id={created}", "--event-type=repo.sync.finish", *words)
        assert bus.listeners.get(created).event_types == ("repo.sync.finish",)
        assert bus.listeners.get(created).notifier_config == listener.notifier_config


def _options(notifier: Notifier) -> Iterator[str]:
    yield from offered(notifier.config_schema())


def _option(notifier: Notifier, key: str, text: str) -> str:
    """The option of a field; the type's name is in it where a generic option has the name already."""
    own = f"--{notifier.type_id}-{key.replace('_', '-')}"
    return own if own in text else f"--{key.replace('_', '-')}"


def _words(notifier: Notifier, config: Mapping[str, Any], text: str) -> Iterator[str]:
    """The configuration as options of a command line."""
    known = offered(notifier.config_schema())
    for key, value in config.items():
        option, field = _option(notifier, key, text), known[key]
        if not is_secret_field(field) or isinstance(structure(field), Object):
            texts = write(field, value)
        elif isinstance(value, Mapping) and not is_reference(value):
            texts = [f"{name}={_text(item)}" for name, item in value.items()]
        else:
            texts = [_text(item) for item in (value if isinstance(value, list | tuple) else (value,))]
        yield from (f"{option}={each}" for each in texts)


def _text(value: Any) -> str:
    """A secret, so that it is neither read from somewhere nor taken for a reference."""
    if is_reference(value):
        return describe_reference(value)
    if not isinstance(value, str):
        return json.dumps(value)
    return f"\\{value}" if (value == "-" or value.startswith(("@", "env:", "file:", "\\"))) else value
