"""The example: a client that is generated from the document of a running server, and used."""

import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events_web.principal import Role

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[1] / "examples" / "generated-client"


@pytest.fixture
def bus(tmp_path):
    """Where an admin who is not trusted may make a listener of the example's address, whose name is not looked up."""
    settings = {
        "events": {"data_dir": str(tmp_path / "data")},
        "untrusted": {"notifier_types": ["http"], "networks": ["127.0.0.0/8"]},
    }
    with EventBus.open(settings=settings, deliver="external") as bus:
        yield bus


def test_it_is_generated_and_does_what_its_readme_shows(serve, tokens, tmp_path):
    url, (token, _) = f"http://127.0.0.1:{serve()}", tokens.create("ci", Role.ADMIN, None)
    request = urllib.request.Request(f"{url}/api/v1/openapi.json", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        (tmp_path / "openapi.json").write_bytes(answer.read())
    command = [
        sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json",
        "--output-path", "pulp_events_client", "--meta", "none",
    ]  # fmt: skip
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    assert "WARNING" not in made.stdout + made.stderr and "Unable to parse" not in made.stdout, made.stdout
    command = [sys.executable, str(EXAMPLE / "use.py"), url, token]
    environment = {"PYTHONPATH": str(tmp_path), "PATH": ""}
    used = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert used.returncode == 0, used.stderr
    [shown] = re.findall(r"(?m)^    created[^#]*?    deleted$", (EXAMPLE / "README.md").read_text("utf-8"))
    assert re.sub(r"created \w+", "created ...", used.stdout).split() == shown.split()
