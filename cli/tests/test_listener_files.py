"""Listeners as files: what is exported can be applied, twice changes nothing, and nothing is half done."""

from __future__ import annotations

import contextlib
import json
import stat
import subprocess
from dataclasses import replace

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import Schema, fields

from pulp_events import EventBus, Notifier, StoreError
from pulp_events.bus.delivering import Delivering
from pulp_events.listeners.tinydb_store import TinyDBListenerStore
from pulp_events_cli.commands import listener_files
from pulp_events_cli.listener_files import document, plan

EXPORT = ("event", "listener", "export")
HTTP = ("http", "create", "--event-type=repo.sync.*", "--url=http://ci.example/hook")
SECRET = ("--username=u", "--password=hunter22")


def apply(admin, path, *options):
    return admin("event", "listener", "apply", "-f", str(path), *options)


@pytest.fixture
def three(admin):
    one = admin.listener(*HTTP, *SECRET, "--filter=payload.a", "--lanes=1", "--retry-schedule=5s,1h 30m")
    two = admin.listener(
        "email", "create", "--event-type=*", "--subject=s", "--addresses=a@b.example,c@d.example", "--disabled"
    )
    three = admin.listener(*HTTP, "--username=u", "--password=env:CI_PASSWORD")
    return one, two, three


def test_an_empty_name_of_a_file_is_no_folder(admin):
    run = admin("event", "listener", "apply", "-f", "")
    assert run.code == 2 and "--file is empty; name a file" in run.err


def test_an_export_is_readable_and_has_no_secret_unless_asked(admin, three):
    text = admin.ok(*EXPORT).out
    assert "hunter22" not in text and "$env: CI_PASSWORD" in text
    first = yaml.safe_load(text)["listeners"][0]
    assert first["notifier_config"]["password"] == "********"
    assert first["retry_schedule"] == ["5s", "1h 30m"] and first["lanes"] == 1 and first["filter"] == "payload.a"
    assert yaml.safe_load(text)["listeners"][1]["enabled"] is False
    assert "hunter22" in admin.ok(*EXPORT, "--with-secrets").out
    assert admin.ok(*EXPORT, "--json").json == yaml.safe_load(text)
    assert len(yaml.safe_load(admin.ok(*EXPORT, "--listener-id", three[1]).out)["listeners"]) == 1


@pytest.mark.parametrize("options", [(), ("--with-secrets",), ("--json",)])
def test_what_was_exported_changes_nothing(admin, three, tmp_path, options):
    (tmp_path / "f").write_text(admin.ok(*EXPORT, *options).out)
    before = admin.stored()
    for more in ((), ("--prune",), ("--dry-run",)):
        assert apply(admin, tmp_path / "f", *more).out == "3 listeners: 3 unchanged\n"
    assert admin.stored() == before


def test_references_in_a_list_stay_references_and_masked_ones_beside_them_secrets(admin, tmp_path):
    admin.listener(*HTTP, "--header=X-A: hunter22", "--header=env:SECOND_HEADER")
    before = admin.stored()
    text = admin.ok(*EXPORT).out
    assert "hunter22" not in text and "$env: SECOND_HEADER" in text
    (tmp_path / "f").write_text(text)
    assert apply(admin, tmp_path / "f").out == "1 listener: 1 unchanged\n" and admin.stored() == before


class Account(Schema):
    user = fields.String()
    password = fields.String(metadata={"secret": True})


class BoardConfig(Schema):
    account = fields.Nested(Account)
    others = fields.List(fields.Nested(Account))


class Board(Notifier):
    type_id = "board"
    config_schema = BoardConfig

    def deliver(self, event, config):
        """It has it."""


def test_a_masked_secret_stays_although_what_is_beside_it_in_its_object_changes(admin, with_plugin, tmp_path):
    with_plugin("board", Board)
    account = '{"user": "ann", "password": "hunter22"}'
    admin.listener("board", "create", "--event-type=*", f"--account={account}", f"--others=[{account}]")
    text = admin.ok(*EXPORT).out
    assert "hunter22" not in text
    content = yaml.safe_load(text)
    config = content["listeners"][0]["notifier_config"]
    config["account"]["user"] = "bob"
    config["others"].insert(0, {"user": "cid", "password": "hunter33"})
    (tmp_path / "f").write_text(yaml.safe_dump(content))
    assert apply(admin, tmp_path / "f").code == 0
    (stored,) = json.loads(admin.stored())["listeners"].values()
    assert stored["notifier_config"] == {
        "account": {"user": "bob", "password": "hunter22"},
        "others": [{"user": "cid", "password": "hunter33"}, {"user": "ann", "password": "hunter22"}],
    }
    before = admin.stored()
    config["others"] = [{"user": "eve", "password": "********"}]
    (tmp_path / "f").write_text(yaml.safe_dump(content))
    refused = apply(admin, tmp_path / "f")
    assert refused.code == 2 and "others.0.password: its value is masked" in refused.err
    assert admin.stored() == before


def test_it_makes_another_installation_the_same(admin, three, tmp_path):
    file = tmp_path / "listeners.yaml"
    assert admin.ok(*EXPORT, "--with-secrets", "--output", str(file)).out == f"3 listeners written to {file}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    listed = admin.ok("event", "listener", "list").out
    for listener in three:
        admin.ok("event", "listener", "delete", "--listener-id", listener)
    run = apply(admin, file, "--dry-run")
    assert run.out.endswith("3 listeners: 3 would be created\n") and admin.ok("event", "listener", "list").out == ""
    run = apply(admin, file)
    assert run.code == 0 and run.out.endswith("3 listeners: 3 created\n") and "hunter22" not in run.out
    assert admin.ok("event", "listener", "list").out == listed
    assert "hunter22" in admin.stored()


def test_the_difference_is_readable(admin, three, tmp_path):
    one, two, _ = three
    content = yaml.safe_load(admin.ok(*EXPORT, "--with-secrets").out)
    first, second, _ = content["listeners"]
    first["filter"] = "payload.b"
    del first["lanes"]
    first["notifier_config"]["password"] = "hunter33"
    second["enabled"] = True
    content["listeners"] = [
        first,
        second,
        {**second, "id": "ab" * 12, "notifier_config": {"subject": "t", "addresses": "x@y.example"}},
    ]
    (tmp_path / "f").write_text(yaml.safe_dump(content, sort_keys=False))
    run = apply(admin, tmp_path / "f", "--prune")
    assert (
        run.out
        == f"""\
~ http {one}
  ~ notifier_config.password: ******** (different value)
  - filter: payload.a
  + filter: payload.b
  - lanes: 1
~ email {two}
  - enabled: false
  + enabled: true
+ email {"ab" * 12}
  + event_types: *
  + notifier_config.subject: t
  + notifier_config.addresses: x@y.example
- http {three[2]}
4 listeners: 1 created, 2 updated, 1 deleted
"""
    )
    assert "hunter33" in admin.stored() and "hunter22" not in admin.stored()
    assert apply(admin, tmp_path / "f", "--prune").out == "3 listeners: 3 unchanged\n"
    changes = apply(admin, tmp_path / "f", "--json").json
    assert [each["action"] for each in changes["changes"]] == ["unchanged"] * 3 and changes["dry_run"] is False


def test_a_listener_without_an_id_is_created_once(admin, tmp_path):
    entry = {"notifier_type_id": "http", "event_types": ["*"], "notifier_config": {"url": "http://ci.example/"}}
    file = tmp_path / "f.json"
    file.write_text(json.dumps({"version": 1, "listeners": [entry, entry]}))
    assert apply(admin, file).out.endswith("2 listeners: 2 created\n")
    assert apply(admin, file, "--prune").out == "2 listeners: 2 unchanged\n"


def test_a_schedule_is_the_same_in_whole_seconds_and_as_a_file_has_it(admin, tmp_path):
    with EventBus.open(config=admin.config, deliver="external") as bus:
        bus.listeners.create("http", {"url": "http://ci.example/"}, ["*"], retry_schedule=[60, 90])
    entry = {"notifier_type_id": "http", "event_types": ["*"], "notifier_config": {"url": "http://ci.example/"}}
    (tmp_path / "f").write_text(json.dumps({"version": 1, "listeners": [{**entry, "retry_schedule": ["1m", "90s"]}]}))
    assert apply(admin, tmp_path / "f").out == "1 listener: 1 unchanged\n"


def test_a_schedule_without_steps_is_said_in_words(admin, tmp_path):
    (tmp_path / "f").write_text(ENTRY + "  retry_schedule: []\n")
    assert "  + retry_schedule: no retries\n" in apply(admin, tmp_path / "f").out
    assert "Retry Schedule:    no retries\n" in admin.ok("event", "listener", "list").out
    assert apply(admin, tmp_path / "f").out == "1 listener: 1 unchanged\n"


@pytest.mark.parametrize("ident", [{}, {"id": "ab" * 12}], ids=["without id", "with id"])
def test_a_secret_that_is_to_be_generated_is_generated_once(admin, tmp_path, ident):
    config = {"url": "http://ci.example/", "secret": "generate"}
    entry = {"notifier_type_id": "http", "event_types": ["*"], "notifier_config": config, **ident}
    file = tmp_path / "f.json"
    file.write_text(json.dumps({"version": 1, "listeners": [entry, {**entry, "id": "cd" * 12}]}))
    assert apply(admin, file).out.endswith("2 listeners: 2 created\n")
    stored = admin.stored()
    assert stored.count("whsec_") == 2
    assert apply(admin, file, "--prune").out == "2 listeners: 2 unchanged\n" and admin.stored() == stored


ENTRY = "version: 1\nlisteners:\n- notifier_type_id: http\n  event_types: ['*']\n  notifier_config: {url: 'http://ci.example/'}\n"
BAD = {
    "an unknown key": (ENTRY + "  filtre: x\n", "listener 1, filtre: unknown key; did you mean 'filter'?"),
    "a misspelt key that must be there": (
        ENTRY.replace("notifier_type_id", "notifier_type"),
        "listener 1, notifier_type: unknown key; did you mean 'notifier_type_id'?",
    ),
    "a number that is none": (ENTRY + "  lanes: many\n", "lanes: Not a valid integer; write a whole number"),
    "labels that are none": (ENTRY + "  labels: x\n", "labels: Not a valid mapping type; write keys with values"),
    "no list": ("version: 1\nlisteners:\n", "listeners: it is empty; write listeners: [] for none"),
    "no type": (ENTRY.replace("notifier_type_id: http", "lanes: 1"), "listener 1, notifier_type_id: it is missing"),
    "an unknown type": (ENTRY.replace(": http\n", ": htpp\n"), "did you mean 'http'?"),
    "an unknown event type": (ENTRY.replace("'*'", "repo.sync.strat"), "did you mean 'repo.sync.start'?"),
    "a bad value": (ENTRY + "  lanes: many\n", "listener 1, lanes: "),
    "lanes out of range": (ENTRY + "  lanes: 99\n", "1 to 64"),
    "a bad schedule": (ENTRY + "  retry_schedule: [soon]\n", "Not a duration"),
    "a bad filter": (ENTRY + "  filter: 'a.'\n", "JMESPath"),
    "a bad configuration": (ENTRY.replace("http://ci", "ftp:/ci"), "url"),
    "a bad id": (ENTRY + "  id: 12\n", "id: Not a valid string"),
    "an id of another form": (ENTRY + "  id: xyz\n", "24 hex digits"),
    "a masked secret of nobody": (ENTRY.replace("'}", "', username: u, password: '********'}"), "masked"),
    "not YAML": ("a: [", "is not valid YAML"),
    "not JSON": ("{,", "is not valid JSON"),
    "a list": ("- 1", "not a listeners file"),
    "nothing": ("", "not a listeners file"),
    "a newer version": (f"version: {document.VERSION + 1}\nlisteners: []", "upgrade"),
    "no version": ("listeners: []", "version: it is missing"),
    "an object where there is none": ("version: 1\nlisteners:\n- !!python/object:os.system {}\n", "is not valid YAML"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_named_and_nothing_is_changed(admin, tmp_path, case):
    good = admin.listener(*HTTP)
    before = admin.stored()
    text, hint = BAD[case]
    (tmp_path / "f").write_text(text)
    run = apply(admin, tmp_path / "f", "--prune")
    assert (run.code, run.out) == (2, "") and run.err.count("\n") == 1 and hint in run.err, run.err
    assert str(tmp_path / "f") in run.err and admin.stored() == before and good in before


def test_a_mistake_in_the_last_listener_keeps_the_first_from_being_made(admin, tmp_path):
    (tmp_path / "f").write_text(ENTRY + "- {notifier_type_id: http, event_types: ['*'], notifier_config: {}}\n")
    assert apply(admin, tmp_path / "f").code == 2 and admin.stored() == ""


def test_the_type_of_a_listener_never_changes(admin, three, tmp_path):
    (tmp_path / "f").write_text(ENTRY + f"  id: '{three[1]}'\n")
    run = apply(admin, tmp_path / "f")
    assert run.code == 2 and "is of type email" in run.err


def test_files_that_cannot_be_read_or_written(admin, three, tmp_path):
    assert "/no/such" in apply(admin, "/no/such").err
    assert admin(*EXPORT, "--output=/no/such/file").code == 1
    assert apply(admin, tmp_path).code == 2


def test_listeners_whose_plugin_is_gone_stay_as_they_are(admin, three, tmp_path):
    (tmp_path / "f").write_text(admin.ok(*EXPORT, "--no-plugins").out)
    assert "hunter22" not in (tmp_path / "f").read_text()
    assert apply(admin, tmp_path / "f", "--no-plugins", "--prune").out == "3 listeners: 3 unchanged\n"


entry = st.fixed_dictionaries(
    {
        "notifier_type_id": st.just("http"),
        "event_types": st.lists(st.sampled_from(["*", "repo.sync.start", "repo.publish.#"]), min_size=1, max_size=2),
        "notifier_config": st.fixed_dictionaries(
            {"url": st.sampled_from(["http://a.example/", "http://b.example/x"])},
            optional={"ca_path": st.sampled_from(["/etc/a.pem", "/etc/b.pem"])},
        ),
    },
    optional={
        "id": st.sampled_from(["aa" * 12, "bb" * 12, "cc" * 12]),
        "filter": st.sampled_from(["payload.a", None]),
        "enabled": st.booleans(),
        "lanes": st.integers(1, 3),
        "retry_schedule": st.lists(st.sampled_from(["5s", 60]), max_size=2),
    },
)
files = st.lists(entry, max_size=5, unique_by=lambda each: each.get("id", id(each)))


@settings(max_examples=settings.default.max_examples // 5, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=files, second=files)
def test_after_any_file_the_same_file_changes_nothing(admin, tmp_path, first, second):
    for content in (first, second):
        (tmp_path / "f").write_text(yaml.safe_dump({"version": 1, "listeners": content}))
        run = apply(admin, tmp_path / "f", "--prune")
        assert run.code == 0, run.err
        again = apply(admin, tmp_path / "f", "--prune", "--json").json["changes"]
        assert {each["action"] for each in again} <= {"unchanged"} and len(again) == len(content)
        assert len(admin.ok("event", "listener", "list", "--json").json) == len(content)


def meanwhile(monkeypatch, *acts):
    """Each time a plan was made, another command does the next of these."""
    left, make = list(acts), plan.make

    def planned(*arguments):
        made = make(*arguments)
        if left:
            left.pop(0)()
        return made

    monkeypatch.setattr(plan, "make", planned)


def changes(admin):
    return json.loads(admin.stored())["format"]["1"]["changes"]


def test_all_is_stored_in_one_write(admin, tmp_path):
    old = [admin.listener(*HTTP) for _ in range(3)]
    text = ENTRY + "".join(ENTRY.split("listeners:\n")[1].replace("example/", f"example/{n}") for n in range(30))
    (tmp_path / "f").write_text(text + ENTRY.split("listeners:\n")[1] + f"  id: {old[0]}\n")
    before = changes(admin)
    assert apply(admin, tmp_path / "f", "--prune").out.endswith("34 listeners: 31 created, 1 updated, 2 deleted\n")
    assert changes(admin) == before + 1
    assert apply(admin, tmp_path / "f", "--prune").out == "32 listeners: 32 unchanged\n"
    assert changes(admin) == before + 1


def test_a_plugins_store_is_written_once_too_and_never_for_a_dry_run(admin, three, tmp_path, monkeypatch):
    one, two, _ = three
    written = []

    class Counted(TinyDBListenerStore):
        def edit(self, make):
            def counting(edit):
                result = make(edit)
                written.append((len(edit.added), len(edit.changed), len(edit.removed), len(edit.history)))
                return result

            return super().edit(counting)

    monkeypatch.setattr("pulp_events.listeners.tinydb_store.TinyDBListenerStore", Counted)
    entries = [f"- {{notifier_type_id: http, event_types: ['*'], notifier_config: {{url: 'http://{n}.example/'}}, "
               f"name: n{n}}}\n" for n in range(5)]  # fmt: skip
    (tmp_path / "f").write_text(ENTRY + f"  id: {one}\n" + "".join(entries))
    run = apply(admin, tmp_path / "f", "--prune", "--dry-run")
    assert run.out.endswith("5 would be created, 1 would be updated, 2 would be deleted\n") and written == []
    assert apply(admin, tmp_path / "f", "--prune").code == 0
    assert written == [(5, 1, 2, 8)]


def test_a_dry_run_says_by_its_exit_code_whether_something_would_change(admin, three, tmp_path):
    (tmp_path / "same").write_text(admin.ok(*EXPORT).out)
    (tmp_path / "other").write_text(ENTRY)
    (tmp_path / "bad").write_text(BAD["no version"][0])
    before = admin.stored()
    asked = ("--dry-run", "--exit-code")
    codes = {
        name: [apply(admin, tmp_path / name, *asked, *more).code for more in ((), ("--prune",), ("--json",))]
        for name in ("same", "other", "bad")
    }
    assert codes == {"same": [0, 0, 0], "other": [3, 3, 3], "bad": [2, 2, 2]}
    assert apply(admin, tmp_path / "other", "--dry-run").code == 0
    run = apply(admin, tmp_path / "other", "--exit-code")
    assert run.code == 2 and "give --dry-run, too" in run.err
    (tmp_path / "none").write_text("version: 1\nlisteners: []\n")
    assert [apply(admin, tmp_path / "none", *asked, *more).code for more in ((), ("--prune",))] == [0, 3]
    assert admin.stored() == before


def test_what_another_deletes_meanwhile_is_gone_and_the_rest_is_done(admin, three, tmp_path, monkeypatch):
    one, two, _ = three
    store = TinyDBListenerStore(admin.data)
    (tmp_path / "f").write_text(ENTRY + f"  id: {one}\n")
    meanwhile(monkeypatch, lambda: store.remove(two))
    run = apply(admin, tmp_path / "f", "--prune")
    assert run.code == 0 and run.out.endswith("2 listeners: 1 updated, 1 deleted\n") and run.err == ""
    assert [listener.id for listener in store.all()] == [one]


def test_where_others_never_cease_what_is_gone_is_passed_over(admin, three, tmp_path, monkeypatch):
    one, two, third = three
    store = TinyDBListenerStore(admin.data)
    (tmp_path / "f").write_text(ENTRY + f"  id: {one}\n")
    mute = [lambda n=n: store.change(third, lambda before: replace(before, lanes=n + 1)) for n in range(4)]
    meanwhile(monkeypatch, *mute, lambda: (store.remove(one), store.remove(two)))
    run = apply(admin, tmp_path / "f", "--prune")
    assert run.code == 0 and run.out.endswith("2 listeners: 2 deleted\n")
    assert run.err == f"pulp-admin: warning: listener {one} was deleted in the meantime and stays deleted\n"
    assert store.all() == []


def test_nothing_is_deleted_that_was_not_asked_about(admin, three, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(listener_files, "can_ask", lambda: True)
    monkeypatch.setattr(listener_files, "ask", lambda arguments, question: asked.append(question.split(",")[0]))
    (tmp_path / "f").write_text(ENTRY)
    meanwhile(
        monkeypatch, lambda: admin.listener(*HTTP), lambda: admin.ok("event", "listener", "mute", three[0], "--for=1h")
    )
    assert apply(admin, tmp_path / "f", "--prune").out.endswith("5 listeners: 1 created, 4 deleted\n")
    assert asked == ["Delete 3 listeners", "Delete 4 listeners"], "not again for a plan that deletes no more"


def test_what_another_creates_meanwhile_is_compared_again(admin, tmp_path, monkeypatch):
    text = ENTRY + f"  id: {'ab' * 12}\n"
    (tmp_path / "f").write_text(text)
    (tmp_path / "other").write_text(text.replace("ci.example", "other.example"))
    with monkeypatch.context() as patch:
        meanwhile(patch, lambda: apply(admin, tmp_path / "other"))
        run = apply(admin, tmp_path / "f")
    assert run.code == 0 and run.out.endswith("1 listener: 1 updated\n")
    assert "ci.example" in admin.stored() and "other.example" not in admin.stored()
    with monkeypatch.context() as patch:
        admin.ok("event", "listener", "delete", "--listener-id", "ab" * 12)
        meanwhile(patch, lambda: apply(admin, tmp_path / "f"))
        assert apply(admin, tmp_path / "f").out == "1 listener: 1 unchanged\n"


@pytest.mark.slow
def test_applies_and_deletes_at_once_all_succeed(admin, three, tmp_path):
    names = []
    for number in range(2):
        content = {"version": 1, "listeners": [
            {"id": f"{number}{each:023x}", "notifier_type_id": "http", "event_types": ["*"],
             "notifier_config": {"url": f"http://{number}.example/"}} for each in range(20)]}  # fmt: skip
        names.append(tmp_path / f"{number}.json")
        names[-1].write_text(json.dumps(content))
    running = [
        subprocess.Popen(admin.command("event", "listener", *words), env=admin.environment, stderr=subprocess.PIPE)
        for words in [
            *(("apply", "--prune", "-f", str(name)) for name in names * 2),
            *(("delete", "--listener-id", listener) for listener in three),
        ]
    ]
    found = [(process.wait(timeout=60), process.stderr.read().decode()) for process in running]
    assert [each for each in found[:4] if each[0] != 0] == []
    assert all(code == 0 or "no listener has the id" in error for code, error in found[4:])
    ids = {each["id"][0] for each in admin.ok("event", "listener", "list", "--json").json}
    assert len(ids) == 1, "the file that was applied last, and nothing of the other"


def test_an_interrupted_apply_changed_nothing(admin, three, tmp_path, monkeypatch):
    (tmp_path / "f").write_text(ENTRY)
    before = admin.stored()
    monkeypatch.setattr(listener_files, "stoppable", lambda: contextlib.nullcontext(lambda: True))
    run = apply(admin, tmp_path / "f", "--prune")
    assert (run.code, run.out) == (1, "") and "interrupted; nothing was changed" in run.err
    assert admin.stored() == before


def test_what_cannot_be_buried_after_a_prune_is_said_as_it_is(admin, three, tmp_path, monkeypatch):
    def full(delivering, listener):
        raise StoreError("the disk is full")

    monkeypatch.setattr(Delivering, "listener_deleted", full)
    (tmp_path / "f").write_text("version: 1\nlisteners: []\n")
    run = apply(admin, tmp_path / "f", "--prune")
    assert run.code == 1 and "the listeners now match the file, but the disk is full" in run.err
    assert admin.ok("event", "listener", "list").out == ""
