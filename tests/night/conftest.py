"""The fixture `night`; see night_world.py."""

import os
import secrets
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))
from night_world import HOME, Night, Rewriting


@pytest.fixture
def folder():
    """A folder in which everything is, with a path as long as `HOME`."""
    base = next(each for each in map(Path, ("/dev/shm", "/tmp")) if each.is_dir() and os.access(each, os.W_OK))
    missing = len(HOME) - len(str(base)) - 1
    made = base / secrets.token_hex(missing)[:missing]
    made.mkdir(mode=0o700)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def night(folder, request):
    """A job's world and terminal."""
    rewriting = Rewriting() if request.config.getoption("update_snapshots", False) else None
    left_out = ("COLUMNS", "LINES", "NO_COLOR", "PULP_EVENTS_BLOCK")
    environment = {name: value for name, value in os.environ.items() if name not in left_out} | {
        "PULP_EVENTS_CONFIG": str(folder / ".conf"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
    }
    made = Night(folder, environment, rewriting)
    made.configure()
    try:
        yield made
    finally:
        made.close()
        if rewriting:
            rewriting.write()
