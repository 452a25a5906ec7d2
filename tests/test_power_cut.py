"""With `durability = full`, an event that emit returned for survives a power cut at any moment.

The model: `power_cut/shadow.c` keeps, beside the data folder, what was synced; after each emit that is put aside, and
later opened as if the machine had lost its power right then.
"""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).with_name("power_cut") / "shadow.c"
EMITTER = """
    import fcntl, json, os, shutil, sys
    from pathlib import Path
    from pulp_events import EventBus
    from pulp_events.outbox.records import NewDelivery, NewEvent
    data, shadow, cuts = (Path(os.environ[name]) for name in ("SHADOW_SOURCE", "SHADOW_TARGET", "CUTS"))
    config = data.parent / "server.conf"
    config.write_text(f"[events]\\ndata_dir = {data}\\n[delivery]\\ndurability = {sys.argv[1]}\\n")
    bus = EventBus.open(config, deliver="background")
    bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
    acknowledged = []
    for n in range(150):
        acknowledged.append(bus.emit("repo.sync.start", {"n": n, "padding": "x" * (n * 40)}).id)
        lock = os.open(shadow, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.copytree(shadow, cuts / str(n))
        os.close(lock)
    print(json.dumps(acknowledged))
    os._exit(0)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    made = tmp_path_factory.mktemp("shadow") / "shadow.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", made, SOURCE, "-ldl"], check=True)
    return made


def lost_after_each_cut(folder, library, durability):
    """For a power cut after each of the emits: how many acknowledged events are gone."""
    for name in ("data", "shadow", "cuts"):
        (folder / name).mkdir(mode=0o700)
    environment = {
        **os.environ,
        "LD_PRELOAD": str(library),
        "SHADOW_SOURCE": str(folder / "data"),
        "SHADOW_TARGET": str(folder / "shadow"),
        "CUTS": str(folder / "cuts"),
    }
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(EMITTER), durability],
        env=environment, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    acknowledged = json.loads(done.stdout.splitlines()[-1])
    lost = []
    for n in range(len(acknowledged)):
        cut = folder / "cuts" / str(n)
        assert not (cut / "outbox.sqlite-shm").exists(), "shared memory does not survive a power cut"
        outbox = SQLiteOutbox(cut / "outbox.sqlite")
        found = sum(bool(outbox.of_event(event_id)) for event_id in acknowledged[: n + 1])
        outbox.close()
        lost.append(n + 1 - found)
        shutil.rmtree(cut)
    return lost


def test_no_acknowledged_event_is_lost_to_a_power_cut(tmp_path, library):
    assert set(lost_after_each_cut(tmp_path, library, "full")) == {0}


def test_the_model_would_notice(tmp_path, library):
    """With `durability = normal` the last moments are at risk, as documented: the model must see that."""
    assert max(lost_after_each_cut(tmp_path, library, "normal")) > 0
