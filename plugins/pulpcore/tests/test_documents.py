"""The documents of Pulp 3 are true: their commands run on a real Pulp, from top to bottom, and print what is shown.

Blocks are read as `tests/document_runner.py` says, and two more: `python` that begins with `# /etc/pulp/settings.py` is
part of Pulp's settings, `mail` is the last message that the mail server received, as a person reads it.
"""

import json
import os
import re
import signal
import sys
from contextlib import closing
from pathlib import Path

import pytest
from pulp_events_pulpcore.testing import FileServer

from pulp_events.testing.http_sink import HttpSink
from pulp_events.testing.smtp_sink import SmtpSink

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
from document_runner import Runner, blocks  # noqa: E402

DOCUMENTS = sorted((ROOT / "plugins/pulpcore/docs").glob("*.md"))
SETTINGS = "# /etc/pulp/settings.py\n"

pytestmark = pytest.mark.slow


def name_of(path):
    return path.name


class PulpRunner(Runner):
    """Executes one document beside a Pulp."""

    def _python(self, block, place):
        if not block.text.startswith(SETTINGS):
            super()._python(block, place)

    def _mail(self, block, place):
        message = self.smtp.wait_for(self.mails + 1)[-1].message
        head = "".join(f"{name}: {message[name]}\n" for name in ("Subject", "From", "To"))
        text = message.get_body(("plain",)).get_content().replace("\r\n", "\n")
        self.varying.compare(block.text, f"{head}\n{text}", place)

    def _http(self, block, place):
        self.http.wait_for(1)
        super()._http(block, place)


def settings_in(path):
    """The names that the blocks of settings.py of a document set."""
    found = {}
    for block in blocks(path):
        if block.text.startswith(SETTINGS):
            exec(block.text, found)
    return {name: value for name, value in found.items() if name.isupper()}


@pytest.fixture(scope="module")
def world(start_pulp):
    """A Pulp with the settings of all documents, and the servers that it reaches."""
    shown = {name: value for path in DOCUMENTS for name, value in settings_in(path).items()}
    with SmtpSink() as smtp, HttpSink() as http, closing(FileServer()) as files:
        events = {name: dict(keys) for name, keys in shown.get("PULP_EVENTS", {}).items()}
        events["email"] = {**events["email"], "host": smtp.host, "port": smtp.port}
        events["untrusted"] = {**events.get("untrusted", {}), "networks": ["public", "127.0.0.0/8"]}
        yield start_pulp(pulp_settings={**shown, "PULP_EVENTS": events}), smtp, http, files


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if "```console" in path.read_text("utf-8")], ids=name_of)
def test_every_command_runs_on_a_real_pulp_and_prints_what_the_document_shows(path, world, tmp_path):
    pulp, smtp, http, files = world
    for listener in json.loads(pulp.run("pulp-admin", "--json", "event", "listener", "list")):
        pulp.pulp_admin("listener", "delete", f"--listener-id={listener['id']}")
    http.requests.clear()
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": f"{tmp_path}/.config", "COLUMNS": "80", "TZ": "UTC"}
    runner = PulpRunner(tmp_path, http, {**pulp.environment, **home, "LC_ALL": "C.UTF-8"})
    runner.smtp, runner.mails = smtp, len(smtp.messages)
    runner.here = {
        "alice:secret": "admin:password",
        "https://pulp.example": pulp.url,
        "https://mirror.example": files.url.removesuffix("/PULP_MANIFEST"),
        "https://ci.example": http.url,
        "https://cdn.example": http.url,
        "/etc/systemd/system": str(tmp_path),
    }
    try:
        runner.run(path)
    finally:
        for pid in tmp_path.glob("*.pid"):
            os.kill(int(pid.read_text()), signal.SIGTERM)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_a_document_names_no_path_of_this_machine(path):
    assert not re.search(r"/tmp/|127\.0\.0\.1:\d{5}", path.read_text("utf-8"))
