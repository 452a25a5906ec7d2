"""Whether another process has the outbox open."""

import subprocess
import sys

import pytest

from pulp_events.outbox.sqlite.open_elsewhere import open_elsewhere
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="can be told on Linux only")

HOLD = """
import sys
from pathlib import Path
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
outbox = SQLiteOutbox(Path(sys.argv[1]))
outbox.stats()
print("open", flush=True)
sys.stdin.read()
"""


def test_it_is_told_by_its_process_for_as_long_as_that_has_it_open(tmp_path):
    path = tmp_path / "outbox.sqlite"
    assert open_elsewhere(path) is None
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "open\n"
        assert open_elsewhere(path) == f"process {process.pid}"
        process.stdin.close()
    assert open_elsewhere(path) is None


def test_this_process_does_not_count_and_keeps_its_locks(tmp_path):
    path = tmp_path / "outbox.sqlite"
    outbox = SQLiteOutbox(path)
    outbox.stats()
    assert open_elsewhere(path) is None
    ask = f"from pathlib import Path; from {open_elsewhere.__module__} import open_elsewhere as ask; "
    found = subprocess.run(
        [sys.executable, "-c", f"{ask} print(ask(Path({str(path)!r})))"], capture_output=True, text=True
    )
    assert found.stdout.startswith("process ")
    outbox.close()
