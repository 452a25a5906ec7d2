"""Fixtures of the tests of upgrades."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from going_on import Endpoints
from kept import Folder


@pytest.fixture
def endpoints(monkeypatch):
    monkeypatch.setenv("UPGRADE_PASSWORD", "hush-environment")
    servers = Endpoints()
    yield servers
    servers.close()


@pytest.fixture
def folder_of(tmp_path, endpoints):
    """`folder_of(name)`: see `Folder`."""
    return lambda name: Folder(name, tmp_path, endpoints)
