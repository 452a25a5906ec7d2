"""A fork while another thread imports a module."""

import subprocess
import sys

import pytest

PROGRAM = """
import os, sys, threading, time
sys.path.insert(0, {folder!r})
from pulp_events.system import forks, import_locks
import_locks.LONGEST = {longest}
{before}
threading.Thread(target=lambda: __import__("slow"), daemon=True).start()
while "slow" not in sys.modules:
    time.sleep(0.001)
began = time.monotonic()
pid = os.fork()
if not pid:
    {child}
    os._exit(0)
print(os.waitpid(pid, 0)[1], "slow" in sys.modules and hasattr(sys.modules["slow"], "done"), flush=True)
import json.tool  # the parent imports as before
os._exit(0)
"""


def run(folder, module, child, longest=25.0, before=""):
    (folder / "slow.py").write_text(module)
    program = PROGRAM.format(folder=str(folder), child=child, longest=longest, before=before)
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program], capture_output=True, text=True, timeout=100
    )


LOGGING = """
assert "logging" not in sys.modules
import logging
class Participant:
    told = []
    def before_fork(self): self.told.append("before")
    def after_fork(self, in_child): self.told.append(in_child)
forks.take_part(one := Participant())
"""
SLOW = "import time; time.sleep(0.5); import wave; done = True"


def test_a_child_can_import_what_another_thread_was_importing(tmp_path):
    done = run(tmp_path, SLOW, child="import slow; assert slow.done; import sched")
    assert (done.stdout, done.stderr, done.returncode) == ("0 True\n", "", 0)


def test_a_fork_within_an_import_of_its_own_waits_for_nobody(tmp_path):
    (tmp_path / "forking.py").write_text("import os\npid = os.fork()\nif not pid: import sched; os._exit(0)\nos.wait()")
    done = run(tmp_path, SLOW, child="import slow, forking", before="import forking")
    assert (done.stdout, done.stderr, done.returncode) == ("0 True\n", "", 0)


@pytest.mark.parametrize("child", ["pass", "import sched"])
def test_an_import_that_does_not_end_holds_up_no_fork_for_ever(tmp_path, child):
    done = run(tmp_path, "import time; time.sleep(60)", child=child, longest=0.3)
    assert (done.stdout, done.stderr, done.returncode) == ("0 False\n", "", 0)


def test_forks_of_several_threads_at_once(tmp_path):
    several = """
def fork():
    for _ in range(20):
        pid = os.fork()
        if not pid:
            import sched
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
threads = [threading.Thread(target=fork) for _ in range(4)]
[each.start() for each in threads]; [each.join() for each in threads]
"""
    done = run(tmp_path, SLOW, child="import slow", before=several)
    assert (done.stdout, done.stderr, done.returncode) == ("0 True\n", "", 0)


def test_an_import_that_makes_a_logger_is_not_held_up(tmp_path):
    logs = "import time; time.sleep(0.3); import logging; logging.getLogger('slow'); done = True"
    took = 'print(time.monotonic() - began < 20, one.told, end=" ")'
    done = run(tmp_path, logs, child=f"import slow; {took}; sys.stdout.flush()", longest=25.0, before=LOGGING)
    assert (done.stdout, done.stderr, done.returncode) == ("True ['before', True] 0 True\n", "", 0)
