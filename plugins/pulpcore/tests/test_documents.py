"""The documents of Pulp 3 are true: their commands run on a real Pulp, from top to bottom, and print what is shown.

Blocks are read as `tests/document_runner.py` says, and two more: `python` that begins with `# /etc/pulp/settings.py` is
part of Pulp's settings, `mail` is the last message that the mail server received, as a person reads it.
"""

import os
import re
import sys
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


class PulpRunner(Runner):
    """Executes one document beside a Pulp."""

    def _python(self, block, place):
        if not block.text.startswith(SETTINGS):
            super()._python(block, place)

    def _mail(self, block, place):
        message = self.smtp.wait_for(1)[-1].message
        head = "".join(f"{name}: {message[name]}\n" for name in ("Subject", "From", "To"))
        self.varying.compare(block.text, f"{head}\n{message.get_body(('plain',)).get_content()}", place)

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


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_runs_on_a_real_pulp_and_prints_what_the_document_shows(path, start_pulp, tmp_path):
    with SmtpSink() as smtp, HttpSink() as http:
        files = FileServer()
        shown = settings_in(path)
        events = {name: dict(keys) for name, keys in shown.get("PULP_EVENTS", {}).items()}
        events["email"] = {"from": "pulp@pulp.example", **events.get("email", {}), "enabled": True}
        events["email"].update(host=smtp.host, port=smtp.port, tls="none")
        events["untrusted"] = {**events.get("untrusted", {}), "networks": ["public", "127.0.0.0/8"]}
        pulp = start_pulp(pulp_settings={**shown, "PULP_EVENTS": events})
        home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": f"{tmp_path}/.config", "COLUMNS": "80", "TZ": "UTC"}
        runner = PulpRunner(tmp_path, http, {**pulp.environment, **home, "LC_ALL": "C.UTF-8"})
        runner.smtp = smtp
        runner.here = {
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
                os.kill(int(pid.read_text()), 15)
            files.close()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_names_no_path_of_this_machine(path):
    assert not re.search(r"/tmp/|127\.0\.0\.1:\d{5}", path.read_text("utf-8"))
