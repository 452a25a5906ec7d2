"""What processes emitted is added up, whatever becomes of them."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from pulp_events import EventBus
from pulp_events.testing import record_events
from pulp_events_prometheus.emitted import Counting, emitted

from .scraping import scrape

CHILD = """
import sys, time
from pulp_events import EventBus
bus = EventBus.open(settings={"events": {"data_dir": sys.argv[1]}}, deliver="external")
for _ in range(int(sys.argv[2])):
    bus.emit("repo.sync.start", {"repo_id": "a"})
print("done", flush=True)
time.sleep(60)
"""


def total(bus, event_type="repo.sync.start"):
    return scrape(bus).of("pulp_events_emitted_total", event_type=event_type)


def files(bus):
    return sorted((bus.data_dir / "metrics").glob("emitted-*"))


def test_events_are_counted_by_type_and_those_of_nobody_too(bus):
    assert total(bus) == 0
    bus.emit("repo.sync.start", {"repo_id": "a"})
    bus.emit_many([("repo.sync.start", {"repo_id": "a"}), ("repo.publish.start", {"repo_id": "a"})])
    assert total(bus) == 2 and total(bus, "repo.publish.start") == 1


def test_counting_calls_no_payload_that_nobody_needs(bus):
    assert not bus.is_wanted("repo.sync.start")
    bus.emit("repo.sync.start", lambda: pytest.fail("nobody needs it"))
    assert total(bus) == 1


def test_an_event_that_was_there_already_is_counted_once(bus):
    for _ in range(2):
        bus.emit("repo.sync.start", {"repo_id": "a"}, id="mine")
    assert total(bus) == 1


def test_what_a_process_emitted_that_was_killed_counts_and_its_file_goes(bus):
    process = subprocess.Popen([sys.executable, "-c", CHILD, str(bus.data_dir), "3"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "done\n"
        bus.emit("repo.sync.start", {"repo_id": "a"})
        assert total(bus) == 4 and len(files(bus)) == 2
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert [total(bus) for _ in range(3)] == [4, 4, 4]
    assert len(files(bus)) == 1 and "emitted-" in (bus.data_dir / "metrics/emitted.json").read_text()


def test_one_that_adds_a_file_and_is_killed_before_it_deletes_it_adds_it_once(bus):
    folder = bus.data_dir / "metrics"
    bus.emit("repo.sync.start", {"repo_id": "a"})
    [mine] = files(bus)
    left = folder / "emitted-1-00000000"
    left.write_bytes(mine.read_bytes())
    (folder / "emitted.json").write_text(json.dumps({"counts": {"repo.sync.start": 1}, "added": [left.name]}))
    assert total(bus) == total(bus) == 2 and not left.exists()


def test_a_forked_child_counts_by_itself(bus):
    bus.emit("repo.sync.start", {"repo_id": "a"})
    child = os.fork()
    if child == 0:
        try:
            bus.emit("repo.sync.start", {"repo_id": "a"})
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    bus.emit("repo.sync.start", {"repo_id": "a"})
    assert total(bus) == 3


def test_threads_lose_no_count(tmp_path):
    counting = Counting(tmp_path, 5)
    threads = [threading.Thread(target=lambda: [counting.add({"a": 1, "b": 2}) for _ in range(500)]) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert emitted(tmp_path, 5) == {"a": 2000, "b": 4000}


def test_types_beyond_the_limit_and_names_that_do_not_fit_are_other(tmp_path):
    counting = Counting(tmp_path, 2)
    for name in ("a", "b", "c", "d", "a", "x" * 300, "c"):
        counting.add({name: 1})
    assert emitted(tmp_path, 2) == {"a": 2, "b": 1, "other": 4}


def test_files_of_many_short_processes_are_added_up_without_anybody_asking(tmp_path):
    for _ in range(120):
        counting = Counting(tmp_path, 2)
        counting.add({"a": 1})
        os.close(counting._handle)  # as the end of its process does
        assert len([*(tmp_path / "metrics").glob("emitted-*")]) <= 52
    assert emitted(tmp_path, 2) == {"a": 120}


def test_where_there_can_be_no_file_events_are_emitted_all_the_same(bus):
    bus.data_dir.mkdir(mode=0o700)
    (bus.data_dir / "metrics").write_text("not a folder")
    bus.emit("repo.sync.start", {"repo_id": "a"})
    assert total(bus) == 0


def test_it_can_be_switched_off(settings):
    settings["prometheus"]["count_emitted"] = False
    with EventBus.open(settings=settings, deliver="external") as bus:
        bus.emit("repo.sync.start", {"repo_id": "a"})
        assert not (bus.data_dir / "metrics").exists() and total(bus) == 0


def test_it_is_in_the_folder_that_the_application_named(tmp_path):
    with EventBus.open(settings={}, data_dir=tmp_path / "own", deliver="external") as bus:
        bus.emit("repo.sync.start", {"repo_id": "a"})
        assert len(files(bus)) == 1


def test_what_is_recorded_in_a_test_is_not_counted_and_makes_no_file(bus):
    with record_events() as events:
        bus.emit("repo.sync.start", {"repo_id": "a"})
        assert events.types == ["repo.sync.start"] and files(bus) == []
    bus.emit("repo.sync.start", {"repo_id": "a"})
    assert len(files(bus)) == 1 and total(bus, "repo.sync.start") == 1
