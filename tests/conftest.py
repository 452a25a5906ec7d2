"""Fixtures of the tests of the documents; how their code blocks are read: `document_runner.py`."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from pulp_events.testing.http_sink import Answer, HttpSink

sys.path.insert(0, str(Path(__file__).parent))
from document_runner import Runner, blocks, commands


def answer(request):
    """What the HTTP server of the documents says."""
    if "//down.example" in request.path:
        return Answer(503)
    return Answer(404) if request.path.endswith("/no-such-hook") else Answer()


@pytest.fixture
def blocks_of():
    """The fenced code blocks of a document."""
    return blocks


@pytest.fixture
def commands_of():
    """The commands of a block, each with what it prints."""
    return commands


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """Runs a document in a folder of its own, with the settings that lead to real servers."""
    from pulp_events.testing.smtp_sink import SmtpSink
    from pulp_events_amqp.testing import AmqpBroker

    bin_folder = Path(sys.executable).parent
    with HttpSink(answer) as http, SmtpSink() as smtp, AmqpBroker() as broker:
        config = tmp_path / "server.conf"
        config.write_text(
            f"[events]\ndata_dir = {tmp_path}/data\nsource = pulp.example\n"
            f"[email]\nenabled = true\nhost = {smtp.host}\nport = {smtp.port}\n"
            f"[messaging]\nurl = {broker.url}\n"
        )
        for name, value in {
            "PULP_EVENTS_CONFIG": str(config),
            "HTTP_PROXY": http.url,
            "http_proxy": http.url,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "PYTHONPATH": str(tmp_path),
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "TZ": "UTC",
            "COLUMNS": "80",
            "LC_ALL": "C.UTF-8",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        made = Runner(tmp_path, http, dict(os.environ))
        made.smtp = smtp
        yield made
        made.end()
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
