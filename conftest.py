"""How the tests of all packages are run: how many at once, how many examples hypothesis tries, where files are put."""

import gc
import os
import shutil
import signal
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# `.ci/run` asks for the thorough one with --hypothesis-profile. Tests that need more or fewer examples than most say so
# as a multiple of the profile's. No deadlines: how long an example takes depends on who else uses the machine.
# Both draw the same examples in each run, so that a change is judged by what it changes. `make search` draws others.
settings.register_profile("quick", max_examples=10, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=100, deadline=None, derandomize=True)
settings.register_profile("search", max_examples=1_000, deadline=None, print_blob=True)
settings.load_profile("quick")

MEMORY = Path("/dev/shm")
ROOM = 1 << 30
"""Bytes that must be free in it: the tests take a tenth of that, and those that fail leave theirs there."""


def memory_serves():
    """Whether there is a file system in memory with room for tests, in which programs can be run."""
    return (
        MEMORY.is_dir()
        and os.access(MEMORY, os.W_OK)
        and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
        and shutil.disk_usage(MEMORY).free > ROOM
    )


# A test that opens an outbox waits for the disk at each step. Whoever sets TMPDIR has the files there, as `.ci/run`
# does for the slow tests.
if "TMPDIR" not in os.environ and memory_serves():
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None  # pytest has asked for it already

# A shell's job in the background ignores Ctrl-C, and so would all that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """For `-n auto`: two for each core, as tests wait for much of their time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(2 * cores, 16)


@pytest.fixture
def free_port():
    """A port of loopback on which nobody listens, and which the system gives to nobody else while the test runs.

    A server that sets SO_REUSEADDR, as all do that can be started again, may take it.
    """
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Of a test with the mark `sample(cases)` so many cases are quick, at equal distances; the others become slow.
    So do the claims of a contract that `slow_claims` of the class names."""
    cases = {}
    for item in items:
        if getattr(item, "originalname", "") in getattr(getattr(item, "cls", None), "slow_claims", ()):
            item.add_marker("slow")
        if item.get_closest_marker("sample") and not item.get_closest_marker("slow"):
            cases.setdefault((item.parent, item.originalname), []).append(item)
    for family in cases.values():
        quick = family[0].get_closest_marker("sample").args[0]
        for number, item in enumerate(family):
            if number * quick // len(family) == (number - 1) * quick // len(family):
                item.add_marker("slow")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish():
    """What was collected lives to the end: thousands of tests, through which each collection of garbage would go."""
    gc.collect()
    gc.freeze()
