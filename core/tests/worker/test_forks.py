"""An application may fork after it has opened its bus."""


def test_parent_and_children_go_on_emitting_and_delivering_after_a_fork(place, eventually):
    place.listener()
    place.run(
        """
        import os, sys, threading, time
        from pulp_events import EventBus
        bus = EventBus.open()
        stop = threading.Event()
        # Forks happen in the middle of transactions, but not of log lines: Python leaves a child the lock of stderr.
        def emit():
            for _ in range(2000):                    # which all that follows waits for
                if not stop.is_set():
                    bus.emit("repo.sync.finish", {"repo_id": "a"})
        thread = threading.Thread(target=emit, daemon=True)  # so that what fails is said
        thread.start()
        children = []
        for child in range(5):
            pid = os.fork()
            if pid == 0:
                for n in range(10):
                    event = bus.emit("repo.sync.start", {"repo_id": "a", "n": f"child-{child}-{n}"})
                done = bus.wait(event, 40)
                bus.close()
                os._exit(0 if done[0].state == "delivered" else 1)
            children.append(pid)
        for pid in children:
            assert os.waitpid(pid, 0)[1] == 0
        stop.set()
        thread.join()
        event = bus.emit("repo.sync.start", {"repo_id": "a", "n": "parent"})
        assert bus.wait(event, 40)[0].state == "delivered"
        bus.close()
        """
    )
    names = [line.split()[2] for line in place.lines()]
    expected = {f"child-{child}-{n}" for child in range(5) for n in range(10)} | {"parent"}
    assert expected <= set(names)
    assert all(names.count(name) == 1 for name in expected)


def test_multiprocessing_with_the_fork_method_works(place):
    place.listener()
    place.run(
        """
        import multiprocessing
        from pulp_events import EventBus
        bus = EventBus.open(deliver="external")
        def work(n):
            return bus.emit("repo.sync.start", {"n": n}).id
        with multiprocessing.get_context("fork").Pool(4) as pool:
            ids = pool.map(work, range(40))
        assert len(set(ids)) == 40 and bus.deliveries.stats().pending == 40
        bus.close()
        """
    )


FOREIGN = """
import ctypes, json, os, sys, threading, time
from pathlib import Path
from pulp_events import EventBus, EventsError

def fork():
    # fork(2) as a C program calls it: the interpreter is told neither before nor after. PyDLL keeps its lock.
    return ctypes.PyDLL(None).fork()

def locks_on(path):
    inode = str(os.stat(path).st_ino)
    lines = Path("/proc/locks").read_text().splitlines()
    return {int(words[4]) for words in map(str.split, lines) if words[1] == "POSIX" and words[5].endswith(":" + inode)}

def in_child(act):
    reading, writing = os.pipe()
    pid = fork()
    if not pid:
        try:
            answer = act()
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        answer = json.loads(file.read() or "null")
    os.waitpid(pid, 0)
    return answer
"""


def test_a_fork_behind_the_interpreters_back_leads_to_no_id_twice_and_to_locks_of_ones_own(place):
    place.listener()
    found = place.run(
        FOREIGN
        + """
bus = EventBus.open(deliver="external")
emitted = [bus.emit("repo.sync.start", {"n": "parent"}).id for _ in range(3)]
bus.deliveries.stats()
outbox = bus.data_dir / "outbox.sqlite"
def act():
    ids = [bus.emit("repo.sync.start", {"n": "child"}).id for _ in range(100)]
    states = [bus.deliveries.stats().pending, os.getpid() in locks_on(outbox), os.getpid() in locks_on(f"{outbox}-shm")]
    more = [bus.emit("repo.sync.start", {"n": "child"}).id for _ in range(3)]
    bus.close()
    return [ids + more, states]
children = [in_child(act) for _ in range(3)]
emitted += [bus.emit("repo.sync.start", {"n": "parent"}).id for _ in range(100)]
mine = [os.getpid() in locks_on(outbox), bus.deliveries.stats().pending]
stored = sorted(one.event_id for one in bus.deliveries.list(limit=10_000))
bus.close()
print(json.dumps({"children": children, "parent": emitted, "stored": stored, "mine": mine}))
"""
    )
    children = found["children"]
    assert all(isinstance(each, list) for each in children), children
    assert [states for _, states in children] == [[103 + 103 * n, True, True] for n in range(3)]
    ids = found["parent"] + [each for ids, _ in children for each in ids]
    assert len(ids) == len(set(ids)) == 412 and sorted(ids) == found["stored"]
    assert found["mine"] == [True, 412]


def test_a_child_forked_in_the_middle_of_a_transaction_of_its_parent_is_refused_and_harms_nothing(place):
    place.listener()
    found = place.run(
        FOREIGN
        + """
bus = EventBus.open(deliver="external")
bus.emit("repo.sync.start", {"n": "parent"})
inside, go_on = threading.Event(), threading.Event()
def slow(connection):
    connection.execute("DELETE FROM pulp_event WHERE seq = -1")
    inside.set()
    go_on.wait(30)
thread = threading.Thread(target=bus.outbox._writer.run, args=(slow,))
thread.start()
inside.wait(30)
answers = [in_child(lambda: bus.emit("repo.sync.start").id), in_child(lambda: bus.deliveries.stats().pending)]
go_on.set()
thread.join()
bus.emit("repo.sync.start", {"n": "parent"})
pending = bus.deliveries.stats().pending
bus.close()
print(json.dumps([answers, pending]))
"""
    )
    answers, pending = found
    assert pending == 2
    for answer in answers:
        assert "StoreError" in str(answer) and "lazy-apps = true" in answer, answer


def test_a_childs_close_leaves_the_delivering_process_of_its_parent_alone(place, eventually):
    place.listener()
    found = place.run(
        FOREIGN
        + """
bus = EventBus.open(deliver="process")
[pid] = bus._delivering.mode._supervisor.pids
in_child(lambda: bus.close())
time.sleep(0.3)
still = bus._delivering.mode._supervisor.pids == [pid]
event = bus.emit("repo.sync.start", {"n": 1})
state = bus.wait(event, 40)[0].state
bus.close()
print(json.dumps([still, state]))
"""
    )
    assert found == [True, "delivered"]
