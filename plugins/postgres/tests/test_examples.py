"""The examples of transactional emit do what they say."""

import os
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "transactional"


def run(name, *arguments):
    return subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments],
        capture_output=True, text=True, timeout=110, env={**os.environ, "PGPASSWORD": "pw"},
    )  # fmt: skip


def test_sqlalchemy(conf, url, needs):
    needs("sqlalchemy")
    done = run("sqlalchemy_app.py", conf, url.replace("postgresql:", "postgresql+psycopg:"))
    assert done.returncode == 0, done.stderr
    assert done.stdout == ("rolled back: an order is for one piece or more\n2 orders, 2 events on their way\n")


def test_django(conf, url, server, needs):
    needs("django")
    done = run("django_app.py", conf, url.rpartition("/")[2], server.host, str(server.port))
    assert done.returncode == 0, done.stderr
    assert done.stdout == ("rolled back: an order is for one piece or more\n1 orders, 1 events on their way\n")
