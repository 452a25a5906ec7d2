"""`pulp` run against a small Pulp of its own, or a real one."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

_spec = importlib.util.spec_from_file_location("pulp_cli_fake_pulp", Path(__file__).with_name("fake_pulp.py"))
assert _spec and _spec.loader
fake_pulp = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = fake_pulp
_spec.loader.exec_module(fake_pulp)


@dataclass
class Cli:
    """Runs `pulp` as a user would, with nothing of this machine's configuration."""

    options: list[str]

    def __call__(self, *arguments: str, stdin: str | None = None, status: int = 0) -> Result:
        import pulp_cli

        try:
            runner = CliRunner(mix_stderr=False)  # type: ignore[call-arg]
        except TypeError:  # since click 8.2
            runner = CliRunner()
        found = runner.invoke(pulp_cli.main, [*self.options, *arguments], input=stdin, prog_name="pulp")
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        assert found.exit_code == status, found.stdout + found.stderr
        return found

    def json(self, *arguments: str, **how: Any) -> Any:
        return json.loads(self(*arguments, **how).stdout)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture
def fake() -> Any:
    with fake_pulp.FakePulp() as found:
        yield found


@pytest.fixture
def cli(fake: Any) -> Cli:
    return Cli(["--base-url", fake.url, "--username", "admin", "--password", "secret"])


@pytest.fixture
def other_pulp() -> Any:
    """Makes further ones: called with the arguments of FakePulp."""
    return fake_pulp.FakePulp
