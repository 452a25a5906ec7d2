"""What the documents for receivers show is what the package does."""

import ast
import json
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

from pulp_events_http.signing import Signer
from pulp_events_receiver.seen.door import KEEP
from pulp_events_receiver.signatures import TOLERANCE

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/receivers.md").read_text("utf-8")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
REPORT = json.dumps({"call_report": {}, "event_type": "repo.sync.start", "payload": {}}).encode()


def block(text, name):
    """The block that is the file of this name."""
    return re.search(rf"^```python\n# {name}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[1]


def test_the_receiver_that_is_shown_is_the_example():
    assert block(PAGE, "flask_receiver.py") == (ROOT / "receiver/examples/flask_receiver.py").read_text("utf-8")


def test_the_message_that_is_shown_is_read():
    names = {}
    exec(block(PAGE, "amqp_receiver.py"), names)
    message = SimpleNamespace(
        body=REPORT, id="a.0", content_type="application/json", properties={"event_id": "a"}, creation_time=1.0
    )
    assert names["received_from"](message).event_type == "repo.sync.start"


def test_the_readmes_receiver_applies_once():
    names = {}
    exec(block((ROOT / "receiver/README.md").read_text("utf-8"), "receiver.py"), names)
    with closing(sqlite3.connect(":memory:")) as connection:
        names["seen"].create(connection)
        connection.execute("CREATE TABLE log (event_type TEXT)")
        headers = Signer({"secret": SECRET}).headers("a.0", REPORT, time.time())
        for _ in range(2):
            names["receive"]({**headers, "Content-Type": "application/json"}, REPORT, connection)
        assert connection.execute("SELECT * FROM log").fetchall() == [("repo.sync.start",)]


def test_the_figures_are_those_of_the_code():
    assert f"`Verifier(secrets, tolerance={TOLERANCE:g})`" in PAGE
    assert f"{KEEP / 86_400:g} days unless you say otherwise" in PAGE


def test_it_imports_nothing_but_what_a_door_is_to():
    """Not pulp-events either: neither anywhere in its sources, nor a library of a database with its public names."""
    sources = (ROOT / "receiver/src").rglob("*.py")
    imported = {
        name.partition(".")[0]
        for path in sources
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in (
            [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - set(sys.stdlib_module_names) == {
        "pulp_events_receiver", "cryptography", "psycopg", "sqlalchemy", "django",
    }  # fmt: skip
    code = (
        "import sys, pulp_events_receiver, pulp_events_receiver.seen.sqlite; "
        "print([n for n in ('pulp_events', 'cryptography', 'psycopg', 'sqlalchemy', 'django') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
