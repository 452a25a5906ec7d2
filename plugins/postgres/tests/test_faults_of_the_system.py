"""Faults that need root: networks that are cut, a disk that is full."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from pulp_events.errors import StoreError

pytestmark = pytest.mark.slow


def load(name):
    spec = importlib.util.spec_from_file_location(f"pulp_postgres_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


faults, servers = load("test_faults"), load("server")


def run(*words):
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


class Networks:
    """Network namespaces on one bridge; this host is 10.213.7.1."""

    def __init__(self, count):
        self.bridge = f"pulp{os.getpid() % 100000}"
        self.names = [f"{self.bridge}-{n}" for n in range(count)]
        run("ip", "link", "add", self.bridge, "type", "bridge")
        run("ip", "address", "add", "10.213.7.1/24", "dev", self.bridge)
        run("ip", "link", "set", self.bridge, "up")
        for n, name in enumerate(self.names):
            run("ip", "netns", "add", name)
            run("ip", "link", "add", f"{name}h", "type", "veth", "peer", "name", "eth0", "netns", name)
            run("ip", "link", "set", f"{name}h", "master", self.bridge, "up")
            run("ip", "-n", name, "address", "add", f"10.213.7.{n + 2}/24", "dev", "eth0")
            run("ip", "-n", name, "link", "set", "eth0", "up")
            run("ip", "-n", name, "link", "set", "lo", "up")

    def set(self, n, state):
        run("ip", "link", "set", f"{self.names[n]}h", state)

    def close(self):
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)
        subprocess.run(["ip", "link", "delete", self.bridge], capture_output=True)


@pytest.fixture
def networks(missing):
    try:
        made = Networks(4)
    except (OSError, subprocess.CalledProcessError) as error:
        missing(f"network namespaces cannot be made here: {error}")
    yield made
    made.close()


def test_a_network_cut_and_healed(networks, postgres_binaries, tmp_path):
    server = servers.Server(postgres_binaries, host="10.213.7.1")
    field = faults.Field(tmp_path, server.create("cut"), lease="3s")
    try:
        field.listen()
        field.backlog(3000)
        for name in networks.names:
            field.work(1, prefix=("ip", "netns", "exec", name))
        field.until_at_work(4)
        assert field.bus.outbox.stats().pending > 1000
        networks.set(0, "down")
        time.sleep(4.0)  # its leases end
        field.emit(50)
        networks.set(0, "up")
        repeated = field.finish(60)
        by_worker = {line.split()[1] for line in field.journal.read_text().splitlines()}
        assert len(by_worker) == 4, "all worked"
        assert repeated <= faults.under_way(field, 1)
    finally:
        field.close()
        server.close()


@pytest.fixture
def small_disk(missing):
    folder = Path(tempfile.mkdtemp(prefix="pulp-full-", dir="/tmp"))
    try:
        run("mount", "-t", "tmpfs", "-o", "size=160m,mode=755", "none", folder)
    except (OSError, subprocess.CalledProcessError) as error:
        folder.rmdir()
        missing(f"no small disk can be mounted here: {error}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)
    folder.rmdir()


def test_the_servers_disk_full(small_disk, postgres_binaries, tmp_path):
    server = servers.Server(
        postgres_binaries, settings=("-c", "max_wal_size=64MB", "-c", "min_wal_size=32MB"), parent=small_disk
    )
    field = faults.Field(tmp_path, server.create("full"), lease="3s")
    try:
        field.listen(1)
        field.work(1)
        field.emit(20)
        field.until_at_work(1)  # a worker that only starts while the server is gone ends with that error
        filler = small_disk / "filler"
        free = os.statvfs(small_disk)
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - 2 * 1024 * 1024)
        with pytest.raises(StoreError) as caught:
            for _ in range(200):
                event = field.bus.emit("repo.sync.start", {"padding": os.urandom(50_000).hex()})
                field.emitted.append(event.id)
        assert "\n" not in str(caught.value)
        filler.unlink()
        if server.process.poll() is None:
            server.restart()
        else:
            server.start()
        field.emit(20)
        field.finish()
    finally:
        field.close()
        server.close()
