"""A real Django project, its processes real ones: transactions, settings, the worker, pages of the admin."""

import json
import os
import random
import signal
import sys
import textwrap
import time
from pathlib import Path

import pytest
import requests

from pulp_events.testing import Answer, HttpSink

sys.path.insert(0, str(Path(__file__).parent))
from project import Project

SQLITE = """
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3",
                             "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"}}}
    PULP_EVENTS = {"events": {"data_dir": str(BASE_DIR / "events")}}
    PULP_EVENTS_DATABASE = "default"
    PULP_EVENTS_DELIVER = "external"
"""


def payload_of(request):
    return json.loads(request.body)["payload"]


CLIENT = """
    from django.test import Client
    from pulp_events_django import get_bus, close_bus
    client = Client()
    def place(item):
        return client.get(f"/orders/{item}").json()["event_id"]
"""


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path, SQLITE)


def test_an_event_of_a_request_exists_if_and_only_if_its_transaction_commits(project):
    found = project.python(
        CLIENT
        + """
    ids = [place("lamp")]
    client.raise_request_exception = False
    assert client.get("/orders/refused").status_code == 500
    bus = get_bus()
    print(json.dumps([[each.id for each in bus.events.list()] == ids, bus.deliveries.stats().pending]))
    """
    )
    assert found == [True, 1], "one event, for the function in shop/events.py"


def test_outside_of_a_transaction_it_is_stored_at_once_and_on_commit_after_it(project):
    found = project.python(
        """
    from django.db import transaction
    from pulp_events import UnknownEventType
    from pulp_events_django import emit, emit_on_commit, get_bus
    items = lambda: [each.event.payload["item"] for each in get_bus().events.list()][::-1]
    emit("shop.order.placed", {"item": "at once"})
    seen = [items()]
    with transaction.atomic():
        given = {"item": "as it was"}
        emit_on_commit("shop.order.placed", given)
        given["item"] = "changed"
        seen.append(items())
    seen.append(items())
    try:
        with transaction.atomic():
            emit_on_commit("shop.order.placed", {"item": "never"})
            raise ValueError
    except ValueError:
        seen.append(items())
    for wrong in (("nothing.known",), ("shop.order.placed", {"item": object()})):
        try:
            emit_on_commit(*wrong)
        except Exception as error:
            seen.append(type(error).__name__)
    print(json.dumps(seen))
    """
    )
    assert found == [
        ["at once"], ["at once"], ["at once", "as it was"], ["at once", "as it was"],
        "UnknownEventType", "InvalidEvent",
    ]  # fmt: skip


def test_a_forgotten_connection_is_told_of_at_once_and_only_to_the_thread_that_writes(project):
    """SQLite's connections may be used by all threads for Django, which keeps one for each."""
    (project.folder / "project_settings.py").write_text(
        (project.folder / "project_settings.py").read_text().replace("IMMEDIATE", "DEFERRED")
    )
    found = project.python(
        """
    import threading, time
    from django.db import connection, transaction
    from pulp_events import StoreBusy, StoreError
    from pulp_events_django import get_bus
    from shop.models import Order
    bus, written, asked, told = get_bus(), threading.Event(), threading.Event(), []
    def forgets(item):
        began = time.monotonic()
        try:
            bus.emit("shop.order.placed", {"item": item})
        except StoreBusy as error:
            told.append([str(error), time.monotonic() - began < 10])
    with transaction.atomic():
        Order.objects.create(item="lamp")
        forgets("lamp")
        bus.emit("shop.order.placed", {"item": "lamp"}, connection=connection)
    def write():
        with transaction.atomic():
            Order.objects.create(item="of another thread")
            written.set()
            time.sleep(2)
        connection.close()
    other = threading.Thread(target=write)
    other.start()
    written.wait()
    with transaction.atomic():
        Order.objects.count()
        forgets("waits for the other thread")
    other.join()
    try:
        bus.emit("shop.order.placed", {"item": "lamp"}, connection=connection)
    except StoreError as error:
        told.append(str(error))
    print(json.dumps([told, [each.event.payload["item"] for each in bus.events.list()]]))
    """
    )
    [busy, at_once], autocommit = found[0]
    assert at_once and "by a transaction of this same thread" in busy and "connection=…" in busy
    assert "in autocommit mode outside a transaction; emit within `with transaction.atomic():`" in autocommit
    assert found[1] == ["waits for the other thread", "lamp"]


def test_manage_py_is_pulp_admin_with_the_projects_settings(project):
    with HttpSink() as sink:
        project.manage("pulp_events", "listener", "http", "create", "--event-type", "repo.sync.*", "--url", sink.url,
                       "--name", "ci")  # fmt: skip
        assert "ci" in project.manage("pulp_events", "listener", "list")
        assert "usage" in project.manage("pulp_events", "worker", "--help").lower()
        assert "'nonsense'" in project.manage("pulp_events", "nonsense", code=2)
        project.python(CLIENT + '    get_bus().emit("repo.sync.start", {"repo_id": "r"}); place("lamp")')
        assert "no process" in project.manage("pulp_events", "worker", "list")
        unit = project.manage("pulp_events", "worker", "--print-unit")
        assert f"{project.folder}/manage.py pulp_events worker " in unit
        assert "Environment=DJANGO_SETTINGS_MODULE=project_settings" in unit
        project.manage("pulp_events", "worker", "--drain")
        assert [payload_of(request)["repo_id"] for request in sink.requests] == ["r"]
    assert (project.folder / "shop" / "noted").read_text() == "lamp\n"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('PULP_EVENTS = {"delivery": {"lanes": "many"}}', "PULP_EVENTS['delivery']['lanes']"),
        ('PULP_EVENTS = ["events"]', "PULP_EVENTS is of type list"),
        ('PULP_EVENTS_ON_ERROR = "ignore"', "PULP_EVENTS_ON_ERROR='ignore' is unknown; use one of raise, log"),
        ('PULP_EVENTS_ENCODE = "shop.nowhere.encode"', "which cannot be imported: No module named 'shop.nowhere'"),
        ("PULP_EVENTS_ENCODE = 7", "PULP_EVENTS_ENCODE is of type int; give a function, or its dotted path"),
        (
            'PULP_EVENTS_DATABASE = "other"',
            "PULP_EVENTS_DATABASE is 'other', which DATABASES lacks; name one of",
        ),
        ('PULP_EVENTS_DELIVER = "never"', "PULP_EVENTS_DELIVER is 'never'; use one of background"),
    ],
)
def test_settings_that_no_bus_would_open_with_fail_djangos_check(tmp_path, settings, said):
    project = Project(tmp_path, SQLITE)
    with (tmp_path / "project_settings.py").open("a") as file:
        file.write("\n" + settings)
    assert said in project.manage("check", code=1)


def test_what_cannot_be_emitted_is_logged_and_values_are_encoded_as_the_settings_say(tmp_path):
    more = """
    PULP_EVENTS_ON_ERROR = "log"
    PULP_EVENTS_ENCODE = "shop.encoding.encode"
    """
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "encoding.py").write_text(
        "def encode(value):\n    if type(value) is range:\n        return [*value]\n    raise TypeError\n"
    )
    project = Project(tmp_path, SQLITE + more)
    found = project.python(
        """
    from pulp_events_django import emit, get_bus
    refused = [type(emit(*each)).__name__ for each in (("no.such", {}), ("shop.order.placed", {"item": object()}))]
    emit("shop.order.placed", {"item": range(2)})
    [stored] = get_bus().events.list()
    print(json.dumps([refused, dict(get_bus().refused), stored.event.payload["item"]]))
    """
    )
    assert found == [["RefusedEvent"] * 2, {"UnknownEventType": 1, "InvalidEvent": 1}, [0, 1]]


@pytest.mark.parametrize("on_error", ["log", "raise"])
def test_a_bus_that_cannot_be_opened_breaks_no_request_if_errors_are_to_be_logged(project, on_error):
    with (project.folder / "project_settings.py").open("a") as file:
        file.write(
            f'PULP_EVENTS_ON_ERROR = "{on_error}"\nPULP_EVENTS["events"]["data_dir"] = str(BASE_DIR / "barred")\n'
        )
    (project.folder / "barred").write_text("a file is no folder")
    found = project.python(
        CLIENT
        + """
    from pathlib import Path
    from pulp_events_django import emit, emit_on_commit, unopened
    client.raise_request_exception = False
    answers = [client.get(f"/orders/lamp").status_code]
    if answers == [200]:
        emit_on_commit("shop.order.placed", {"item": "lamp"})
        answers.append(str(emit("shop.order.placed", id="mine").id))
        Path("barred").unlink()
        answers.append(type(emit("shop.order.placed")).__name__)
        unopened.AGAIN = 0.0
        answers += [type(emit("shop.order.placed")).__name__, len(get_bus().events.list())]
    print(json.dumps(answers))
    """
    )
    assert found == ([200, "mine", "RefusedEvent", "Event", 1] if on_error == "log" else [500])


def test_makemigrations_has_nothing_to_do(project):
    assert "No changes detected" in project.manage("makemigrations", "--check", "--dry-run")


def test_sqlite_transactions_that_can_fail_are_warned_of(tmp_path):
    project = Project(tmp_path, SQLITE.replace(', "transaction_mode": "IMMEDIATE"', ""))
    assert "pulp_events.W001" in project.manage("check")


def test_nothing_of_a_test_leaves_whatever_listeners_the_project_has(project):
    with HttpSink() as sink:
        create = ("pulp_events", "listener", "http", "create", "--event-type", "shop.order.*", "--url", sink.url)
        project.manage(*create)
        (project.folder / "shop" / "tests.py").write_text(
            "from django.test import TestCase\n"
            "class Orders(TestCase):\n"
            "    def test_an_order(self):\n"
            "        self.assertEqual(self.client.get('/orders/lamp').status_code, 200)\n"
        )
        with (project.folder / "project_settings.py").open("a") as file:
            file.write("\nPULP_EVENTS_DELIVER = 'background'\n")
        assert "OK" in project.manage("test")
        project.manage("pulp_events", "worker", "--drain")
        assert not sink.requests and not (project.folder / "shop" / "noted").exists()


ADMIN = """
    from django.contrib.auth.models import Permission, User
    from django.test import Client
    from django.test.utils import setup_test_environment
    from pulp_events_django import get_bus
    setup_test_environment()
    def user(name, *may):
        made = User.objects.create_user(name, password="x", is_staff=True)
        ours = Permission.objects.filter(content_type__app_label="pulp_events_django")
        made.user_permissions.add(*ours.filter(codename__in=may))
        client = Client()
        client.force_login(made)
        return client
    LISTENERS, DELIVERIES = "/admin/pulp_events_django/listener/", "/admin/pulp_events_django/delivery/"
    bus = get_bus()
"""


IN_MEMORY = """
    import pytest
    from django.db import connection, transaction
    from pulp_events_django import emit, get_bus

    @pytest.fixture(scope="session", autouse=True)
    def database():
        from django.test.utils import setup_databases, setup_test_environment, teardown_databases
        setup_test_environment()
        made = setup_databases(0, False)
        assert connection.is_in_memory_db() == IS_IN_MEMORY
        yield
        teardown_databases(made, 0)

    def place(item, **options):
        emit("shop.order.placed", {"item": item}, **options)

    def items(events):
        return [each.payload["item"] for each in events]

    def test_it_is_recorded_if_and_only_if_the_transaction_commits(emitted_events):
        with transaction.atomic():
            place("lamp")
            assert items(emitted_events) == [] and emitted_events.uncommitted == ["shop.order.placed"]
            try:
                with transaction.atomic():
                    place("of a savepoint")
                    raise ValueError
            except ValueError:
                pass
        place("at once")
        try:
            with transaction.atomic():
                place("rug", id="order-1")
                raise ValueError
        except ValueError:
            pass
        assert items(emitted_events) == ["lamp", "at once"]
        assert emitted_events.uncommitted == ["shop.order.placed"] * 2
        with transaction.atomic():
            place("rug", id="order-1")
        assert items(emitted_events) == ["lamp", "at once", "rug"]
        assert emitted_events.uncommitted == ["shop.order.placed"]

    def test_nothing_is_left_of_another_test(emitted_events):
        assert not emitted_events and not emitted_events.uncommitted
"""


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_transaction_of_a_database_in_memory_is_recorded_as_that_of_one_in_a_file(tmp_path, in_memory):
    test_name = None if in_memory else tmp_path / "test.sqlite3"
    more = "" if in_memory else f'DATABASES["default"]["TEST"] = {{"NAME": {str(test_name)!r}}}'
    project = Project(tmp_path, SQLITE + "    " + more)
    text = textwrap.dedent(IN_MEMORY).replace("IS_IN_MEMORY", str(in_memory))
    (tmp_path / "test_recorded.py").write_text("import django\ndjango.setup()\n" + text)
    done = project.start("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:django", "test_recorded.py")
    said, _ = done.communicate(timeout=100)
    assert done.returncode == 0, said


def test_the_admin_shows_listeners_and_does_what_its_buttons_say(project):
    with HttpSink() as sink:
        found = project.python(
            ADMIN
            + f"""
    config = {{"url": "{sink.url}", "secret": "whsec_" + "c2VjcmV0" * 4}}
    kept = bus.listeners.create("http", config, ["repo.sync.*"], name="ci")
    viewer, operator, nobody = user("v", "view_listener"), user("o", "view_listener", "change_listener"), user("n")
    page = viewer.get(LISTENERS).content.decode()
    seen = [">ci</a>" in page, "whsec" in page, "<button name" in page, nobody.get(LISTENERS).status_code]
    act = lambda client, action, key=kept.id: client.post(LISTENERS, {{"action": action, "id": key}}, follow=True)
    seen.append(act(viewer, "disable").status_code)
    for action in ("disable", "enable", "mute", "unmute", "test"):
        assert act(operator, action).status_code == 200
        now = bus.listeners.get(kept.id)
        seen.append([now.enabled, now.muted_until is not None])
    seen.append("No listener" in act(operator, "disable", "0" * 24).content.decode())
    seen.append("is not an action" in act(operator, "explode").content.decode())
    seen.append({{each.by for each in bus.listeners.history(kept.id)}} >= {{"o"}})
    seen.append([viewer.get(LISTENERS + "add/").status_code, viewer.get(LISTENERS + "1/change/").status_code])
    print(json.dumps(seen))
    """
        )
        assert sink.requests, "the test was sent"
    assert found[:5] == [True, False, False, 403, 403]
    assert found[5:10] == [[False, False], [True, False], [True, True], [True, False], [True, False]]
    assert found[10:] == [True, True, True, [404, 404]]


DELIVERIES_SHOWN = """
    kept = bus.listeners.create("http", {"url": URL, "permanent": ["400"]}, ["repo.sync.start"])
    events = bus.emit_many([("repo.sync.start", {"repo_id": str(n)}) for n in range(130)])
    from pulp_events import EventBus
    from pulp_events_django.project_settings import settings_mapping
    with EventBus.open(settings=settings_mapping()) as other:
        for each in events:
            other.wait(each, 60)
    viewer, operator = user("v", "view_delivery"), user("o", "view_delivery", "change_delivery")
    first = viewer.get(DELIVERIES + "?state=dead")
    seen = [len(first.context["deliveries"]), "<button name" in first.content.decode()]
    second = viewer.get(DELIVERIES + "?" + first.context["more"])
    seen.append([len(second.context["deliveries"]), second.context["more"], second.context["asked"]["state"]])
    key = first.context["deliveries"][0]["delivery"].id
    seen.append(viewer.post(DELIVERIES, {"action": "retry", "id": key}).status_code)
    def retried(key):
        return operator.post(DELIVERIES, {"action": "retry", "id": key}, follow=True).content.decode()
    seen.append("is delivered again" in retried(key))
    seen.append(str(bus.deliveries.get(key).state))
    odd = viewer.get(DELIVERIES + "?state=odd").content.decode()
    seen.append(["No delivery" in retried("x.0"), "is not a state" in odd])
    print(json.dumps(seen))
"""


def test_the_admin_shows_deliveries_and_makes_them_again(project):
    with HttpSink() as sink:
        sink.answer = Answer(400)
        found = project.python(ADMIN + f"    URL = {sink.url!r}" + DELIVERIES_SHOWN)
    assert found[:2] == [100, False]
    assert found[2] == [30, None, "dead"]
    assert found[3:] == [403, True, "pending", [True, True]]


@pytest.mark.slow
def test_each_acknowledged_order_of_three_forked_servers_is_delivered_whatever_is_killed(project, free_port):
    dice, acknowledged = random.Random(20261127), []
    with HttpSink() as sink:
        project.manage("pulp_events", "listener", "http", "create", "--event-type", "shop.order.*", "--url", sink.url)
        server = project.start(
            "-m", "gunicorn", "wsgi:application", "--workers=3", "--preload", f"--bind=127.0.0.1:{free_port}"
        )
        worker = project.start("manage.py", "pulp_events", "worker")
        try:
            for n in range(120):
                try:
                    answer = requests.get(f"http://127.0.0.1:{free_port}/orders/{n}", timeout=30)
                except requests.ConnectionError:
                    time.sleep(0.05)
                    continue
                if answer.status_code == 200:
                    acknowledged.append(str(n))
                if n in (30, 60, 90):
                    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
                    os.kill(int(dice.choice(children)), signal.SIGKILL)
                    worker.kill()
                    worker.wait()
                    worker = project.start("manage.py", "pulp_events", "worker")
            deadline = time.monotonic() + 90
            while not {payload_of(request)["item"] for request in sink.requests} >= set(acknowledged):
                assert time.monotonic() < deadline
                time.sleep(0.1)
        finally:
            for process in (server, worker):
                process.terminate()
            outputs = [process.communicate(timeout=60)[0] for process in (server, worker)]
        assert len(acknowledged) > 60, outputs
