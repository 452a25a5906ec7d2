"""`config check`: every mistake has its line, its finding and its remedy, and one does not hide the next."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.errors import TOO_NEW
from pulp_events.outbox.sqlite import schema
from pulp_events.settings.server_conf import line_numbers
from pulp_events_cli.health import clock

EMIT = ("event", "emit", "repo.sync.start", "--payload", '{"repo_id": "pulp2"}')
CHECK = ("event", "config", "check")
HTTP = ("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/")


def texts(run, state, what=None):
    return [each["text"] for each in run.json["findings"] if each["state"] == state and what in (None, each["what"])]


def test_each_wrong_line_of_server_conf_is_named_with_its_number(admin):
    admin.configure("[delivery]\n# comment\nlanes = none\nlease: 5m\nlees = 3\n\n[http]\ntimeout = x\n[delivry]\nx=1\n")
    run = admin(*CHECK, "--json")
    assert run.code == 1
    problems = texts(run, "problem", "settings")
    assert len(problems) == 3
    for text, line, key in zip(problems, (5, 7, 10), ("lanes", "lees", "timeout"), strict=True):
        assert f"server.conf, line {line}, section [" in text and f"key {key} " in text
    assert "did you mean 'lease'?" in problems[1]
    [note] = texts(run, "note", "settings")
    assert "line 11: [delivry] is not a section of pulp-events; did you mean 'delivery'?" in note


def test_a_good_section_is_named_with_its_line_and_keys(admin):
    admin.configure("[delivery]\nlanes = 2\n[database]\nname = pulp\n")
    out = admin.ok(*CHECK).out
    assert "line 3, [delivery]: lanes\n" in out and "1 other section is ignored" in out


def test_line_numbers_are_those_that_configparser_reads():
    text = "# x\n[a]\nk = 1\n  more\n\n[b]\nk: 2\nother key=3\n; c = 4\n"
    assert line_numbers(text) == {("a", ""): 2, ("a", "k"): 3, ("b", ""): 6, ("b", "k"): 7, ("b", "other key"): 8}


def test_a_password_that_everybody_can_read_is_a_problem(admin):
    admin.configure("[email]\npassword = hunter22\nusername = u\n")
    admin.config.chmod(0o644)
    run = admin(*CHECK)
    assert run.code == 1 and "everybody can read [email] password; chmod o-rwx" in run.out and "hunter22" not in run.out
    admin.config.chmod(0o640)
    admin.ok(*CHECK)


COSTLY = "payload.n[].[@, @] | [].[@, @] | [].[@, @] | [].[@, @] | [].[@, @] | [].[@, @] | [].[@, @] | [].[@, @]"


@pytest.mark.parametrize(
    ("expression", "payload", "why"),
    [
        (COSTLY, {"n": list(range(3000))}, "it costs too much: more than 50000 steps"),
        ("sort(payload.n)", {"n": "text"}, 'received: "string"'),
    ],
)
def test_a_listener_whose_filter_fails_on_events_is_named_with_one_of_them(admin, expression, payload, why):
    listener = admin.listener(*HTTP, f"--filter={expression}")
    other = admin.listener(*HTTP, "--filter=payload.n")
    event = admin.ok("event", "emit", "repo.sync.start", "--no-wait", "--json", f"--payload={json.dumps(payload)}").json
    fitting = '--payload={"n": [1]}'
    admin.ok("event", "emit", "repo.sync.start", "--no-wait", fitting)
    words = ("--event-type=repo.sync.start", f"--listener-id={listener}", f"--payload={json.dumps(payload)}")
    explained = admin.ok("event", "listener", "explain", *words, "--json").json
    assert "fails on this report, which lets it pass" in explained[0]["reason"]
    notes = [text for text in texts(admin.ok(*CHECK, "--json"), "note", "listeners") if "filter" in text]
    assert len(notes) == 1 and other not in notes[0]
    assert f"the filter of listener {listener} fails on events such as {event['id']} (repo.sync.start): " in notes[0]
    assert why in notes[0] and "; change it with `pulp-admin event listener " in notes[0]
    assert notes[0].endswith(f"update --listener-id={listener} --filter=EXPR`")


def test_files_that_others_can_read_and_outboxes_that_were_set_aside_are_named(admin):
    admin.listener(*HTTP)
    (admin.data / "listeners.json").chmod(0o644)
    (admin.data / "outbox.sqlite.corrupt-20260101T000000000000").touch(0o600)
    run = admin(*CHECK, "--json")
    assert "chmod 0600" in texts(run, "problem", "data folder")[0]
    assert "set aside: deliveries pending in it are not being made" in texts(run, "problem", "data folder")[1]


def _made_by_the_first_release(path):
    """An outbox with schema 1 and one pending delivery."""
    for file in path.parent.glob(path.name + "*"):
        file.unlink()
    path.touch(0o600)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(schema.MIGRATIONS[0])
        connection.execute("INSERT INTO pulp_outbox_meta VALUES ('version', 1)")
        connection.execute(
            "INSERT INTO pulp_event VALUES (1, 'e', 'repo.sync.start', ?, '', ?)",
            (
                time.time(),
                b'{"call_report": {}, "event_type": "repo.sync.start", "payload": {}}',
            ),
        )
        connection.execute(
            "INSERT INTO pulp_delivery (event_seq, n, listener_id, target, state) VALUES (1, 0, 'x', '', 'pending')"
        )


def test_an_older_schema_is_noted_and_left_and_a_newer_one_is_a_problem(admin):
    admin.listener(*HTTP)
    admin.ok("event", "emit", "repo.sync.start", "--no-wait")
    _made_by_the_first_release(admin.data / "outbox.sqlite")
    for _ in range(2):
        assert f"has schema 1; the next command or worker upgrades it to {schema.VERSION}" in admin.ok(*CHECK).out
    admin.ok("event", "delivery", "list")
    assert f"1 pending, 0 delivered, 0 dead deliveries; schema {schema.VERSION}\n" in admin.ok(*CHECK).out
    with sqlite3.connect(admin.data / "outbox.sqlite") as connection:
        connection.execute("UPDATE pulp_outbox_meta SET value = 99 WHERE key = 'version'")
    said = texts(admin(*CHECK, "--json"), "problem", "outbox")[0]
    assert "newer release" in said and said.endswith(TOO_NEW)


def test_an_event_from_the_future_tells_of_a_wrong_clock(admin):
    admin.listener(*HTTP)
    admin.ok("event", "emit", "repo.sync.start", "--no-wait")
    with sqlite3.connect(admin.data / "outbox.sqlite") as connection:
        connection.execute("UPDATE pulp_event SET time = ?", (time.time() + 4000,))
    assert "in the future: this clock was set back" in texts(admin(*CHECK, "--json"), "problem", "clock")[0]
    with sqlite3.connect(admin.data / "outbox.sqlite") as connection:
        connection.execute("UPDATE pulp_event SET time = ?", (time.time() - 7300,))
    run = admin(*CHECK, "--json")
    assert "see `pulp-admin event delivery list --state=pending`" in texts(run, "note", "outbox")[0]
    assert "start one: `pulp-admin event worker`" in texts(run, "problem", "workers")[0]


@pytest.mark.parametrize(("state", "found"), [(5, "note"), (0, "ok"), (None, None)])
def test_what_the_kernel_says_of_the_clock(monkeypatch, state, found):
    monkeypatch.setattr(clock, "_kernel_state", lambda: state)
    assert [each.state for each in clock.check()] == ([found] if found else [])


def test_the_kernel_is_asked_without_harm():
    assert clock._kernel_state() in (None, *range(6))


def test_listeners_that_cannot_work_as_stored_are_named(admin):
    broken, typeless, failing = (admin.listener(*HTTP) for _ in range(3))
    file = admin.data / "listeners.json"
    content = json.loads(file.read_text())
    for record in content["listeners"].values():
        if record["id"] == broken:
            record["notifier_config"] = {"url": "nonsense"}
        if record["id"] == typeless:
            record["event_types"] = ["gone.#"]
    file.write_text(json.dumps(content))
    admin.ok("event", "listener", "disable", "--listener-id", failing, "--reason=410 Gone")
    run = admin(*CHECK, "--json")
    [problem] = texts(run, "problem", "listeners")
    assert broken in problem and f"http update --listener-id={broken} --url=…`, with what is valid, fixes it" in problem
    notes = " ".join(texts(run, "note", "listeners"))
    assert f"{typeless} cannot get everything it asks for" in notes and f"{failing} is disabled: 410 Gone" in notes


@pytest.mark.parametrize("more", [[], ["--url=http://127.0.0.1:9/new"], ["--name=x"]])
def test_a_key_that_the_notifier_does_not_have_is_taken_out_by_the_command_that_the_check_names(admin, more):
    id = admin.listener(*HTTP)
    file = admin.data / "listeners.json"
    content = json.loads(file.read_text())
    [record] = content["listeners"].values()
    record["notifier_config"] |= {"pasword": "hunter22", "lanes": 4}
    file.write_text(json.dumps(content))
    [problem] = texts(admin(*CHECK, "--json"), "problem", "listeners")
    command = f"pulp-admin event listener http update --listener-id={id}"
    assert f"`{command}` takes pasword, lanes out" in problem
    run = admin(*command.split()[1:], *more)
    assert run.code == 0 and "has no pasword, lanes; this was taken out" in run.err.replace("\n", " ")
    assert "successfully updated" in run.out and "hunter22" not in run.out + run.err
    assert texts(admin(*CHECK, "--json"), "problem", "listeners") == []
    assert admin.ok(*command.split()[1:]).out == "No changes were made\n"


@pytest.mark.parametrize("name", ["listeners.lock", "listeners.history", "event-types.lock", "outbox.sqlite.lock"])
@pytest.mark.parametrize("kind", ["folder", "loop"])
def test_what_is_in_the_place_of_a_file_that_changes_need_is_a_problem(admin, name, kind):
    admin.listener(*HTTP)
    place = admin.data / name
    place.unlink(missing_ok=True)
    place.mkdir() if kind == "folder" else place.symlink_to(place)
    run = admin(*CHECK, "--json")
    [problem] = texts(run, "problem", "data folder")
    assert run.code == 1 and str(place) in problem and "move it away" in problem


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="Linux has it")
def test_a_data_folder_that_cannot_be_made_is_a_problem_and_one_that_can_leaves_no_trace(admin, tmp_path):
    admin.config.write_text("[events]\ndata_dir = /proc/absent\n")
    [problem] = texts(admin(*CHECK, "--json"), "problem", "data folder")
    assert "/proc/absent does not exist and cannot be made in /proc" in problem
    admin.config.write_text("[events]\ndata_dir = later/on\n")
    before = sorted(tmp_path.iterdir())
    [note] = texts(admin(*CHECK, "--json"), "note", "data folder")
    assert "later/on will be created" in note and sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("bad", ["x" * 300, "loop"])
def test_a_data_folder_that_cannot_be_looked_at_keeps_no_other_step_from_running(admin, tmp_path, bad):
    (tmp_path / "loop").symlink_to("loop")
    admin.config.write_text(f"[events]\ndata_dir = {bad}\n")
    run = admin(*CHECK, "--json")
    assert run.code == 1 and texts(run, "problem", "data folder")
    assert {"settings", "listeners", "outbox", "plugin http"} <= {each["what"] for each in run.json["findings"]}


def test_files_that_listeners_and_settings_name_are_looked_at(admin, tmp_path):
    absent, empty = tmp_path / "ca.pem", tmp_path / "empty.pem"
    empty.write_text("no certificate")
    https = ("http", "create", "--event-type=*", "--url=https://127.0.0.1:9/")
    id = admin.listener(*https, f"--ca-path={absent}")
    [note] = texts(admin(*CHECK, "--json"), "note", "listeners")
    assert id in note and f"{absent} cannot be read here" in note
    for path, reason in ((empty, "it holds no CA certificates"), (tmp_path, "no file there has a name as")):
        run = admin("event", "listener", *https, f"--ca-path={path}")
        assert run.code == 0 and f"{path} cannot be used: {reason}" in " ".join(run.err.split())
        admin.configure(f"[http]\nca_path = {path}\n[email]\nca_path = {path}\n[messaging]\ncacert = {path}\n")
        run = admin(*CHECK, "--json")
        for what, key in (("notifier http", "ca_path"), ("notifier email", "ca_path"), ("notifier amqp", "cacert")):
            [note] = texts(run, "note", what)
            assert note.startswith(f"{key}: the CA certificates in {path} cannot be used: {reason}")
    admin.configure("[http]\nca_path = /absent\n")
    [note] = texts(admin(*CHECK, "--json"), "note", "notifier http")
    assert "/absent cannot be used: No such file" in note


def test_a_section_that_holds_for_nothing_and_a_notifier_type_that_there_is_not_are_noted(admin):
    admin.configure("[DEFAULT]\nlanes = 3\n[untrusted]\nnotifier_types = http, htpt\n")
    default, nosuch = texts(admin(*CHECK, "--json"), "note", "settings")
    assert "line 3: [DEFAULT] holds for no section of pulp-events; write its keys into" in default
    assert "[untrusted] notifier_types: notifier type htpt is not installed; did you mean 'http'?" in nosuch


def test_names_that_two_have_after_a_change_by_hand_are_a_problem(admin):
    made = [admin.listener(*HTTP, f"--name={name}") for name in ("one", "two")]
    file = admin.data / "listeners.json"
    file.write_text(file.read_text().replace('"two"', '"one"'))
    run = admin(*CHECK, "--json")
    assert texts(run, "problem", "listeners") == [
        f"2 listeners have the name 'one': {made[0]}, {made[1]}; rename one, calling it by its id"
    ]
    admin.ok("event", "listener", "http", "update", f"--listener-id={made[0]}", "--name=other")
    assert texts(admin.ok(*CHECK, "--json"), "problem", "listeners") == []


def test_a_listener_that_fails_is_noted(admin, refused):
    failing = admin.listener("http", "create", "--event-type=*", f"--url=http://{refused}/", "--retry-schedule=1h")
    admin.ok("event", "emit", "repo.sync.start", "--no-wait")
    admin.ok("event", "worker", "--drain")
    assert f"{failing} is failing: 1 failure since" in " ".join(texts(admin.ok(*CHECK, "--json"), "note", "listeners"))


@pytest.mark.parametrize("damage", [{"lanes": "2"}, {"retry_schedule": ["x"]}, {"lanes": float("nan")}], ids=repr)
def test_a_record_with_a_wrong_type_is_named_and_the_other_listeners_work(admin, damage):
    bad, good = (admin.listener("http", "create", "--event-type=*", "--url=http://ci.example/") for _ in range(2))
    file = admin.data / "listeners.json"
    content = json.loads(file.read_text())
    content["listeners"]["1"].update(damage)
    file.write_text(json.dumps(content))
    run = admin("event", "config", "check")
    assert (
        run.code == 1
        and f"record 1 with id '{bad}' is not a valid listener and is left out: {next(iter(damage))}" in run.out
    )
    run = admin("event", "listener", "list", "--json")
    assert (run.code, [each["id"] for each in run.json]) == (0, [good])
    assert run.err.count("\n") == 1 and bad in run.err
    admin.ok("event", "listener", "disable", "--listener-id", good)
    assert admin("event", "listener", "delete", "--listener-id", bad).code == 1
    assert bad in admin.stored()


def test_of_many_dropped_types_the_most_frequent_are_listed(admin):
    admin.configure()
    with EventBus.open(admin.config, deliver="external", plugins=False, on_error="log") as bus:
        bus.emit("repo.sync.start")
        for number in range(20):
            bus.emit_many([(f"order.{number}", {})] * (number + 1))
        bus.emit(None)
    found = [each["text"] for each in admin("event", "config", "check", "--json").json["findings"]]
    dropped = [each.partition(" dropped")[0] for each in found if " dropped, the last at " in each]
    assert dropped == [f"{number} events of type order.{number - 1} were" for number in range(20, 10, -1)] + [
        "56 events of 11 other types were"
    ]
    stats = admin.ok("event", "delivery", "stats").out
    assert stats.count("Dropped: ") == 11 and "Dropped: 20 order.19 between" in stats
    assert "Dropped: 56 of 11 other types between" in stats


def test_limits_are_compared_with_what_there_is(admin):
    admin.configure("max_backlog = 5\nmin_free_disk = 1M\nwhen_full = drop\n")
    admin.ok("event", "listener", "http", "create", "--event-type=*", "--url=http://127.0.0.1:9/", "--disabled")
    for _ in range(3):
        admin.ok(*EMIT, "--no-wait")

    def limits():
        found = admin("event", "config", "check", "--json").json["findings"]
        return [(each["state"], each["text"]) for each in found if each["what"] == "limits"]

    (backlog, space) = limits()
    assert backlog == ("ok", "3 of at most 5 deliveries are pending (max_backlog)") and space[0] == "ok"
    assert "of which 1 MiB are to stay so (min_free_disk)" in space[1]
    for number in range(4):
        run = admin(*EMIT, "--no-wait")
        assert run.code == (number > 1) and ("was dropped: the outbox is full" in run.err) is (number > 1)
    (backlog, _, dropped) = limits()
    assert backlog == ("problem", "5 of at most 5 deliveries are pending (max_backlog); emit drops events")
    assert dropped[0] == "problem" and dropped[1].startswith(
        "2 events of type repo.sync.start were dropped, the last at "
    )
    assert "Dropped: 2 repo.sync.start between" in admin.ok("event", "delivery", "stats").out
    admin.configure("max_backlog = 5\nmin_free_disk = 1000000T\n")
    run = admin(*EMIT)
    assert run.code == 1 and "less than [events] min_free_disk = " in run.err and run.err.count("\n") == 1


def test_the_root_of_the_file_system_is_no_data_folder_and_its_mode_is_left_alone(admin):
    admin.config.write_text("[events]\ndata_dir = /\n")
    run = admin("event", "config", "check")
    assert "/ holds the whole system; name a folder of its own" in " ".join(run.out.split()) and "chmod" not in run.out
