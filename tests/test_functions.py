"""Real processes of an application: killed in the middle of a function, started at once, forked, with a worker."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from pulp_events import EventBus


class Application:
    """An application with a module of its own, `myapp`, in processes on one data folder."""

    def __init__(self, folder):
        self.folder = folder
        self.notes = folder / "notes.txt"
        self.site = folder / "site"
        self.site.mkdir()
        self.config = folder / "server.conf"
        self.configure()
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(self.site),
            "PULP_EVENTS_CONFIG": str(self.config),
            "NOTES": str(self.notes),
        }
        self.processes = []

    def configure(self, **delivery):
        lines = "".join(f"{key} = {value}\n" for key, value in delivery.items())
        self.config.write_text(f"[events]\ndata_dir = {self.folder / 'data'}\n[delivery]\n{lines}")

    def write(self, code, name="myapp"):
        """The application's module; `note(text)` in it appends a line to a file."""
        (self.site / f"{name}.py").write_text(
            "import os\n"
            "def note(*words):\n"
            "    handle = os.open(os.environ['NOTES'], os.O_WRONLY | os.O_CREAT | os.O_APPEND)\n"
            "    os.write(handle, (' '.join(map(str, words)) + chr(10)).encode())\n"
            "    os.close(handle)\n" + textwrap.dedent(code)
        )

    def start(self, code, *arguments, interpreter=(sys.executable, "-c")):
        """A process that runs `code`, or, with another interpreter, these words."""
        process = subprocess.Popen(
            [*interpreter, textwrap.dedent(code), *map(str, arguments)],
            env=self.environment, cwd=self.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.PIPE,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def run(self, code, *arguments):
        """Run it to its end; what it printed."""
        process = self.start(code, *arguments)
        out, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
        return out

    def noted(self):
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def bus(self):
        """A bus that only looks."""
        return EventBus.open(self.config, deliver="external", plugins=False)


@pytest.fixture
def application(tmp_path):
    made = Application(tmp_path)
    yield made
    for process in made.processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def eventually():
    """Waits until something is true, looking every few milliseconds."""

    def wait(condition, timeout=60.0):
        deadline = time.monotonic() + timeout
        while not (result := condition()):
            assert time.monotonic() < deadline, "did not become true in time"
            time.sleep(0.005)
        return result

    return wait


APPLICATION = """
from pulp_events import on

@on("repo.sync.*", retry_schedule=[0.1] * 3)
def index(event, delivery):
    note("began", event.id, delivery.attempts)
    if event.payload.get("hang"):
        import time
        time.sleep(600)
    note("indexed", event.id, delivery.attempts)
"""

SERVE = """
    import sys
    from pulp_events import EventBus
    with EventBus.open(imports=["myapp"]):
        print("ready", flush=True)
        sys.stdin.read()
"""

EMIT = """
    import json, sys
    from pulp_events import EventBus
    with EventBus.open(deliver="external") as bus:
        print(bus.emit("repo.sync.start", json.loads(sys.argv[1])).id)
"""


def serve(application):
    """A process that has the functions and calls them."""
    process = application.start(SERVE)
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    return process


def emit(application, **payload):
    return application.run(EMIT, json.dumps(payload)).strip()


def attempts(application, event_id):
    with application.bus() as bus:
        [delivery] = bus.wait(event_id, 0)
        return delivery.state, [each.outcome for each in bus.deliveries.attempts(delivery.id)]


@pytest.mark.slow
def test_a_process_killed_in_the_middle_of_a_function_costs_an_attempt_and_the_next_calls_it_again(
    application, eventually
):
    application.configure(lease="1s")
    application.write(APPLICATION)
    process = serve(application)
    event = emit(application, hang=True)
    eventually(lambda: application.noted() == [f"began {event} 1"])
    process.send_signal(signal.SIGKILL)
    process.wait()
    application.write(APPLICATION.replace('event.payload.get("hang")', "False"))
    serve(application)
    eventually(lambda: application.noted()[1:] == [f"began {event} 2", f"indexed {event} 2"])
    eventually(lambda: attempts(application, event) == ("delivered", ["lost", "delivered"]))


@pytest.mark.slow
def test_a_function_that_kills_its_process_each_time_is_dead_after_its_schedule(application, eventually):
    application.configure(lease="1s")
    application.write(APPLICATION.replace("time.sleep(600)", "os.kill(os.getpid(), 9)"))
    process = serve(application)
    event = emit(application, hang=True)
    for _ in range(3):
        process.wait(60)
        process = serve(application)
    process.wait(60)
    serve(application)
    eventually(lambda: attempts(application, event)[0] == "dead")
    assert set(attempts(application, event)[1]) == {"lost"}
    assert application.noted() == [f"began {event} {number}" for number in (1, 2, 3, 4)]


@pytest.mark.slow
def test_processes_that_start_at_once_make_one_record(application):
    application.write(APPLICATION)
    code = """
        import sys
        from pulp_events import EventBus
        import myapp, pulp_events.functions.registering
        print("ready", flush=True)
        sys.stdin.readline()
        with EventBus.open(deliver="external", plugins=False, imports=["myapp"]) as bus:
            print(bus.listeners.list()[0].id)
    """
    started = [application.start(code) for _ in range(20)]
    assert [process.stdout.readline() for process in started] == ["ready\n"] * 20
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()
    found = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0] * 20, found
    with application.bus() as bus:
        [listener] = bus.listeners.list()
    assert {out.strip() for out, _ in found} == {listener.id}


@pytest.mark.slow
def test_a_function_that_is_gone_from_the_code_leaves_its_deliveries_waiting_until_it_is_back(application, eventually):
    application.write(APPLICATION)
    serve(application).communicate("", timeout=60)
    application.write(APPLICATION.replace("def index(", "def renamed("))
    process = serve(application)
    event = emit(application)
    eventually(lambda: any(line.startswith("indexed") for line in application.noted()))  # by the renamed one
    process.communicate("", timeout=60)
    with application.bus() as bus:
        by_target = {found.target: (found.state, found.attempts) for found in bus.wait(event, 0)}
    assert by_target == {"myapp:index": ("pending", 0), "myapp:renamed": ("delivered", 1)}
    application.write(APPLICATION)
    serve(application)
    eventually(lambda: len([line for line in application.noted() if line.startswith("indexed")]) == 2)


def test_children_that_are_forked_have_the_functions_too(application, eventually):
    application.write(APPLICATION)
    application.run(
        """
        import os, sys
        from pulp_events import EventBus
        import myapp
        bus = EventBus.open(plugins=False, imports=["myapp"])
        children = []
        for number in range(2):
            child = os.fork()
            if not child:
                event = bus.emit("repo.sync.start")
                done = bus.wait(event, 60)
                bus.on("*", name=f"of child {number}")(print)
                bus.close()
                os._exit(0 if [found.state for found in done] == ["delivered"] else 1)
            children.append(child)
        assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
        assert len(bus.listeners.list()) == 3
        bus.close()
        """
    )
    assert len(application.noted()) == 4


@pytest.mark.slow
def test_the_process_beside_an_application_calls_what_it_imports(application, eventually):
    application.write(APPLICATION)
    application.run(
        """
        from pulp_events import EventBus, InvalidConfig
        import json
        with EventBus.open(deliver="process", imports=["myapp"]) as bus:
            event = bus.emit("repo.sync.start")
            assert [found.state for found in bus.wait(event, 60)] == ["delivered"]
            assert [each.targets for each in bus.listeners.list()] == [("myapp:index",)]
            try:
                bus.on("*")(json.dumps)
            except InvalidConfig as error:
                assert "imports=['json']" in str(error), error
            else:
                raise AssertionError("it is called by nobody")
        """
    )
    assert len(application.noted()) == 2


OF_A_BUS = """
import sys
from pulp_events import EventBus
bus = EventBus.open(deliver="external", plugins=False)

@bus.on("repo.sync.*")
def index(event):
    note("indexed", event.id, "worker" in sys.argv)
"""


@pytest.fixture
def worker(application):
    def start(*options):
        words = [sys.executable, "-m", "pulp_events_cli", "event", "worker"]
        return application.start(options[0], *options[1:], interpreter=words)

    return start


@pytest.mark.parametrize("code", [APPLICATION, pytest.param(OF_A_BUS, marks=pytest.mark.slow)])
@pytest.mark.parametrize("processes", [pytest.param("1", marks=pytest.mark.slow), "2"])
def test_a_worker_that_imports_the_application_calls_its_functions(application, worker, eventually, code, processes):
    application.write(code)
    process = worker("--import", "myapp", "--processes", processes)
    eventually(lambda: registered(application))
    event = emit(application)
    eventually(lambda: any(line.startswith(f"indexed {event}") for line in application.noted()))
    process.send_signal(signal.SIGTERM)
    out, error = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "") and "Traceback" not in error


def registered(application):
    if not (application.folder / "data/listeners.json").exists():
        return []
    with application.bus() as bus:
        return bus.listeners.list()


@pytest.mark.slow
def test_a_worker_that_does_not_import_it_takes_nothing(application, worker, eventually):
    application.write(APPLICATION)
    serve(application).communicate("", timeout=60)
    event = emit(application)
    process = worker("--drain")
    out, error = process.communicate(timeout=60)
    assert attempts(application, event) == ("pending", []), error
    process = worker("--drain", "--import", "myapp")
    assert process.wait(60) == 0
    assert attempts(application, event) == ("delivered", ["delivered"])


@pytest.mark.slow
def test_a_worker_has_the_functions_after_it_read_its_settings_again(application, worker, eventually):
    application.write(APPLICATION)
    process = worker("--import", "myapp")
    for line in process.stderr:
        if "delivers from" in line:
            process.send_signal(signal.SIGHUP)
        if "has read its settings again" in line:
            break
    event = emit(application)
    eventually(lambda: any(line.startswith(f"indexed {event}") for line in application.noted()))
    assert process.poll() is None


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("name", "code", "processes", "text"),
    [
        ("nowhere", None, "1", "there is no module 'nowhere'"),
        ("nowhere.at.all", None, "2", "there is no module 'nowhere.at.all'"),
        (".here", None, "1", "name a module, such as 'myapp.events'"),
        ("broken", "1 / 0", "1", "module 'broken' cannot be imported: ZeroDivisionError"),
        ("needs", "import nowhere", "1", "module 'needs' cannot be imported: ModuleNotFoundError"),
        ("exits", "raise SystemExit(3)", "1", "module 'exits' cannot be imported"),
        ("empty", "", "1", "module 'empty' has no function that is marked"),
    ],
)
def test_what_cannot_be_imported_is_one_clear_line(application, worker, name, code, processes, text):
    if code is not None:
        application.write(code, name)
    process = worker("--import", name, "--processes", processes)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert len(error.strip().splitlines()) == 1 and text in error
