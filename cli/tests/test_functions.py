"""Functions of an application, as `pulp-admin` shows them, which has none."""

import json

import pytest

from pulp_events import EventBus


@pytest.fixture
def application(admin):
    """The bus of an application with a function, `myapp:index`, that is called for repo.sync.*."""
    with EventBus.open(admin.config, deliver="background", plugins=False) as bus:
        bus.on("repo.sync.*", name="myapp:index", timeout=30)(got.append)
        yield bus
    got.clear()


got = []


def listener_of(bus):
    [listener] = bus.listeners.list()
    return listener


def test_it_is_listed_with_its_function_and_where_it_is(admin, application):
    listener = listener_of(application)
    assert admin.ok("event", "listener", "list").out == (
        "Event Types:       repo.sync.*\n"
        f"Id:                {listener.id}\n"
        "Notifier Config:\n"
        "  Function: myapp:index\n"
        "Notifier Type Id:  function (in its application)\n"
        "Timeout:           30s\n"
    )
    [found] = admin.ok("event", "listener", "list", "--type", "function", "--json").json
    assert found["notifier_config"] == {"function": "myapp:index"}
    assert (found["notifier_type_id"], found["targets"]) == ("function", ["myapp:index"])


def test_only_the_application_can_test_it(admin, application):
    run = admin("event", "listener", "test", "--listener-id", listener_of(application).id)
    assert run.code != 0 and len(run.err.splitlines()) == 1
    assert "only in a process that has function myapp:index; call bus.test_listener() there" in run.err
    assert got == []


def test_it_can_be_disabled_muted_and_deleted_like_any_other(admin, application):
    listener_id = listener_of(application).id
    for command in (("disable",), ("enable",), ("mute", "--for", "1h"), ("unmute",), ("show",), ("delete",)):
        admin.ok("event", "listener", command[0], "--listener-id", listener_id, *command[1:])
    assert application.listeners.list() == []


def test_an_event_that_is_emitted_here_is_waited_for_and_delivered_by_the_application(admin, application):
    run = admin.ok("event", "emit", "repo.sync.start", "--timeout", "60s", "--json")
    [delivery] = run.json["deliveries"]
    assert (delivery["state"], delivery["target"]) == ("delivered", "myapp:index")
    assert [event.id for event in got] == [run.json["id"]]


def test_without_the_application_it_waits_and_the_reason_is_told(admin, application):
    application.close()
    run = admin("event", "emit", "repo.sync.start", "--timeout", "0.3s")
    assert run.code == 1 and "waiting: function myapp:index is not in this process" in run.out
    explained = admin.ok("event", "listener", "explain", "--event-type", "repo.sync.start", "--json").json
    assert [(each["gets"], each["cause"]) for each in explained] == [("later", "notifier")]
    listener_id = listener_of_file(admin)
    admin.ok("event", "listener", "disable", "--listener-id", listener_id)
    run = admin("event", "emit", "repo.sync.start", "--timeout", "20s")  # does not wait for that
    assert "waiting: the listener is disabled" in run.out


def listener_of_file(admin):
    [found] = admin.ok("event", "listener", "list", "--json").json
    return found["id"]


def test_no_command_makes_one_and_the_error_says_what_does(admin):
    run = admin("event", "listener", "function", "create")
    assert run.code == 2 and "are made by their application, with @bus.on" in run.err
    assert "function" not in admin.ok("event", "listener").out


def test_files_have_it_and_leave_it_as_it_is(admin, application, tmp_path):
    file = tmp_path / "listeners.yaml"
    admin.ok("event", "listener", "export", "--output", str(file))
    assert "function: myapp:index" in file.read_text()
    assert "1 unchanged" in admin.ok("event", "listener", "apply", "--file", str(file)).out
    file.write_text(file.read_text() + "  labels:\n    team: ops\n")
    assert "1 updated" in admin.ok("event", "listener", "apply", "--file", str(file)).out
    admin.ok("event", "listener", "mute", "--label", "team=ops", "--for", "1h")
    file.write_text(file.read_text().replace("myapp:index", "myapp:other"))
    run = admin("event", "listener", "apply", "--file", str(file))
    assert run.code != 0 and "its listeners are functions of an application" in run.err


def test_a_check_of_the_configuration_has_nothing_against_it(admin, application):
    rows = json.loads(admin("event", "config", "check", "--json").out)
    assert not [row for row in rows if "function" in str(row)]


def test_the_unit_of_a_worker_imports_what_it_does(admin, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/srv/myapp")
    unit = admin.ok("event", "worker", "--import", "myapp.events", "--import", "json", "--print-unit").out
    [command] = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    assert "--import myapp.events --import json" in command
    assert "PYTHONPATH=/srv/myapp" in unit
    assert "PYTHONPATH" not in admin.ok("event", "worker", "--print-unit").out
