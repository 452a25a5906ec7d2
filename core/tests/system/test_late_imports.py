"""A process that is out of files when something is first needed is told so, with the remedy."""

import subprocess
import sys

import pytest

from pulp_events.system.late_imports import imports_late

OUT_OF_FILES = """
import os, resource, sys
from pulp_events import EventBus, StoreError
bus = EventBus.open(plugins=False, data_dir=sys.argv[1], deliver="external")
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
try:
    eval(sys.argv[2])
except StoreError as error:
    os.write(1, str(error).encode())
except BaseException as error:
    os.write(1, repr(error).encode())
os._exit(0)
"""


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    "call",
    [
        "bus.emit('repo.sync.start')",
        "bus.wait('x', 0)",
        "bus.explain('repo.sync.start')",
        "bus.operation('repo.sync')",
        "bus.deliver_due()",
        "bus.test_listener('0' * 24)",
        "bus.deliveries.list()",
        "bus.deliveries.stats()",
        "bus.listeners.check(['*'], filter='payload.x')",
    ],
)
def test_the_first_call_of_a_process_without_files_names_the_remedy(tmp_path, call):
    command = [sys.executable, "-c", OUT_OF_FILES, str(tmp_path / "data"), call]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "cannot be imported: Too many open files; " in done.stdout and "LimitNOFILE=" in done.stdout, done


def test_an_error_that_is_no_imports_goes_on_as_it_is():
    @imports_late
    def call():
        raise TimeoutError("the application's")

    with pytest.raises(TimeoutError):
        call()
