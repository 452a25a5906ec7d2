"""`listener history` and `listener explain --event`: what was done to listeners, and what an event was to become."""

from __future__ import annotations

import getpass
import re

import pytest

from pulp_events.testing.http_sink import Answer, HttpSink


@pytest.fixture
def sink():
    with HttpSink(lambda request: Answer(200)) as it:
        yield it


@pytest.fixture
def changed(admin, sink):
    """An installation with a history."""
    create = ["http", "create", "--event-type=repo.sync.*", f"--url={sink.url}/hook"]
    admin.first = admin.listener(*create, "--name=ci", "--username=me", "--password=hunter2")
    admin.ok("event", "listener", "http", "update", "--listener-id=ci", "--password=hunter22", "--lanes=2")
    admin.ok("event", "listener", "disable", "--listener-id=ci", "--reason=holiday")
    admin.second = admin.listener(*create)
    admin.ok("event", "listener", "delete", "--listener-id=ci")
    return admin


def shown(run):
    """Without times."""
    return re.sub(r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+  ", "", run.out).splitlines()


def test_who_changed_what_is_shown_newest_first_and_no_secret(changed):
    run = changed.ok("event", "listener", "history", "ci")
    me, one = getpass.getuser(), f"http {changed.first} ci"
    assert shown(run) == [
        f"{one} deleted by {me}",
        f"{one} disabled by {me}",
        "  + Disabled Reason: holiday",
        "  - Enabled: true",
        "  + Enabled: false",
        f"{one} updated by {me}",
        "  + Lanes: 2",
        "  ~ Password: ******** (different value)",
        f"{one} created by {me}",
    ]
    everything = changed.ok("event", "listener", "history")
    assert len(re.findall(r"(?m)^\d.* by ", everything.out)) == 5 and "hunter2" not in everything.out
    assert shown(changed.ok("event", "listener", "history", "--limit=1")) == [f"{one} deleted by {me}"]
    assert shown(changed.ok("event", "listener", "history", changed.second)) == [
        f"http {changed.second} created by {me}"
    ]
    assert f"no changes match --listener-id={'0' * 24}" in changed.ok("event", "listener", "history", "0" * 24).err
    assert changed.ok("event", "listener", "history", changed.first[:12]).out == run.out


def test_the_history_is_there_for_programs(changed):
    found = changed.ok("--json", "event", "listener", "history", "--since=1h").json
    assert [each["action"] for each in found] == ["deleted", "created", "disabled", "updated", "created"]
    assert sorted((each["key"], each["hidden"]) for each in found[3]["differences"]) == [
        ("lanes", False), ("notifier_config.password", True),
    ]  # fmt: skip
    some = changed.ok("--json", "event", "listener", "history", "--since=1h", f"--until={found[2]['time']}").json
    assert [each["action"] for each in some] == ["updated", "created"]
    assert "--until is not after" in changed("event", "listener", "history", "--since=1h", "--until=2h").err
    assert found[0]["after"] is None and found[0]["before"]["disabled_reason"] == "holiday"
    assert "hunter2" not in str(found)


def test_a_name_that_no_listener_ever_had_is_an_error(changed):
    run = changed("event", "listener", "history", "nobody")
    assert run.code == 1 and "no listener has or had the id or name" in run.err and "nobody" in run.err


def test_whoever_asked_sudo_is_named(admin, sink, monkeypatch):
    monkeypatch.setenv("SUDO_USER", "alice-of-sudo")
    admin.listener("http", "create", "--event-type=*", f"--url={sink.url}/")
    assert f"created by {getpass.getuser()} (sudo by alice-of-sudo)" in admin.ok("event", "listener", "history").out


def test_what_apply_changes_is_in_the_history(admin, sink, tmp_path):
    file = tmp_path / "listeners.yaml"
    entry = f"{{notifier_type_id: http, event_types: ['*'], notifier_config: {{url: {sink.url}}}}}"
    file.write_text(f"version: 1\nlisteners:\n- {entry}\n")
    admin.ok("event", "listener", "apply", "--file", str(file))
    file.write_text("version: 1\nlisteners: []\n")
    admin.ok("event", "listener", "apply", "--file", str(file), "--prune")
    found = admin.ok("--json", "event", "listener", "history").json
    assert [(each["action"], each["by"]) for each in found] == [
        ("deleted", getpass.getuser()), ("created", getpass.getuser()),
    ]  # fmt: skip


@pytest.fixture
def past(admin, sink):
    """Listeners of all kinds, an event, and everything turned upside down since."""
    admin.configure("keep = all\n[delivery]\nwhile_disabled = skip\n")

    def create(*words):
        return admin.listener("http", "create", f"--url={sink.url}/hook", *words)

    admin.ids = {
        "taking": create("--event-type=repo.sync.*", "--name=taking"),
        "other": create("--event-type=repo.publish.*"),
        "filtering": create("--event-type=*", "--filter=payload.n > `5`"),
        "disabled": create("--event-type=*", "--disabled"),
        "muted": create("--event-type=*"),
        "deleted": create("--event-type=*", "--name=gone"),
        "never": create("--event-type=*"),
    }
    admin.ok("event", "listener", "mute", "--listener-id", admin.ids["muted"], "--for=1h", "--drop")
    admin.ok("event", "listener", "delete", "--listener-id", admin.ids.pop("never"))
    admin("event", "emit", "repo.sync.start", "--payload", '{"n": 1}', "--id=sync-1")
    admin.ids["young"] = create("--event-type=*")
    for listener, words in {
        "taking": ["--event-type=repo.publish.*"], "other": ["--event-type=*"],
        "filtering": ["--filter=payload.n == `1`"], "young": ["--lanes=1"],
    }.items():  # fmt: skip
        admin.ok("event", "listener", "http", "update", "--listener-id", admin.ids[listener], *words)
    admin.ok("event", "listener", "enable", "--listener-id", admin.ids["disabled"])
    admin.ok("event", "listener", "unmute", "--listener-id", admin.ids["muted"])
    admin.ok("event", "listener", "delete", "--listener-id=gone")
    return admin


def test_an_event_is_explained_by_the_listeners_as_they_were(past):
    found = {
        each["listener_id"]: each for each in past.ok("--json", "event", "listener", "explain", "--event=sync").json
    }
    assert found.keys() == set(past.ids.values())
    said = {name: (found[id]["gets"], found[id]["cause"], found[id]["reason"]) for name, id in past.ids.items()}
    assert {name: each[:2] for name, each in said.items()} == {
        "taking": ("yes", "all"), "other": ("no", "event type"), "filtering": ("no", "filter"),
        "disabled": ("no", "disabled"), "muted": ("no", "muted"), "deleted": ("yes", "all"), "young": ("no", "created"),
    }  # fmt: skip
    assert said["taking"][2] == "repo.sync.* matches" and "payload.n > `5` yields false" in said["filtering"][2]
    became = {name: [each["state"] for each in found[id]["deliveries"]] for name, id in past.ids.items()}
    assert became == {
        "taking": ["delivered"], "other": [], "filtering": [], "disabled": ["dead"], "muted": ["dead"],
        "deleted": ["delivered"], "young": [],
    }  # fmt: skip
    assert [each["action"] for each in found[past.ids["deleted"]]["changed_since"]] == ["deleted"]
    assert {each["doubt"] for each in found.values()} == {None}
    text = past.ok("event", "listener", "explain", "--event=sync-1").out
    assert re.search(r"\* matches; deleted since, at .* by .*1 delivered", text)
    assert "1 dead (dropped: the listener was muted)" in text
    one = past.ok("event", "listener", "explain", "--event=sync-1", "--listener-id=gone").out
    assert past.ids["deleted"] in one and len(one.splitlines()) == 2


RAW = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def test_times_are_those_of_the_local_zone_wherever_they_are_shown(past):
    for words in (["history"], ["explain", "--event=sync-1"]):
        assert not RAW.search(past.ok("event", "listener", *words).out)
    past.ok("event", "listener", "mute", "--listener-id", past.ids["other"], "--for=1h")
    assert not RAW.search(past.ok("event", "listener", "explain", "--event-type=repo.sync.start").out)
    assert re.search(r"Muted Until: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", past.ok("event", "listener", "history").out)
    (past.data / "listeners.history").unlink()
    assert not RAW.search(past.ok("event", "listener", "explain", "--event=sync-1").out)


def test_what_was_given_or_retried_later_is_explained(past):
    for name in ("young", "other"):
        past.ok("event", "listener", "backfill", past.ids[name], "--since=1h")
    past.ok("event", "delivery", "retry", "--listener-id", past.ids["muted"], "--yes")
    found = {
        each["listener_id"]: each for each in past.ok("--json", "event", "listener", "explain", "--event=sync").json
    }
    said = {name: found[id]["reason"] for name, id in past.ids.items()}
    assert said["young"].endswith(", after the event; a backfill gave it the event later")
    assert said["other"].endswith("does not match repo.sync.start; a backfill gave it the event later")
    assert said["muted"].endswith("; it was retried later")
    assert not any("later" in said[name] for name in ("taking", "filtering", "disabled", "deleted"))
    assert found[past.ids["young"]]["gets"] == "no" and len(found[past.ids["young"]]["deliveries"]) == 1


def test_where_the_history_does_not_reach_back_it_is_said(past):
    (past.data / "listeners.history").unlink()
    found = {
        each["listener_id"]: each for each in past.ok("--json", "event", "listener", "explain", "--event=sync").json
    }
    assert "before its history was kept" in found[past.ids["taking"]]["doubt"]
    gone = found[past.ids["deleted"]]
    assert (gone["gets"], gone["notifier_type_id"]) == ("unknown", None)
    assert found[past.ids["young"]]["cause"] == "created"
    text = past.ok("event", "listener", "explain", "--event=sync-1").out
    assert "is not kept any more" in text and "this is its record since" in text


@pytest.mark.parametrize("words", [[], ["--event=a", "--event-type=*"], ["--event=a", "--payload={}"]])
def test_which_event_is_said_in_one_way(admin, words):
    run = admin("event", "listener", "explain", *words)
    assert run.code == 2 and ("--event" in run.err or "--payload" in run.err)


def test_what_a_restored_backup_changes_is_in_the_history_and_what_was_done_since_it_stays_there(changed, tmp_path):
    changed.ok("event", "backup", str(tmp_path / "backup"))
    changed.ok("event", "listener", "disable", "--listener-id", changed.second)
    changed.ok("event", "restore", str(tmp_path / "backup"))
    found = changed.ok("--json", "event", "listener", "history", changed.second).json
    assert [each["action"] for each in found] == ["enabled", "disabled", "created"]
    assert found[0]["by"] == f"{getpass.getuser()}, restoring a backup"
    changed.ok("event", "listener", "disable", "--listener-id", changed.second)
    assert len(changed.ok("--json", "event", "listener", "history", changed.second).json) == 4


def test_on_another_machine_a_backup_brings_the_history_along(changed, tmp_path):
    changed.ok("event", "backup", str(tmp_path / "backup"))
    before = changed.ok("event", "listener", "history").out
    changed.data.rename(tmp_path / "gone")
    changed.ok("event", "restore", str(tmp_path / "backup"))
    assert changed.ok("event", "listener", "history").out.endswith(before)
