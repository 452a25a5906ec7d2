"""What a listener is called: names for ids, labels that choose several; in commands, files and completion."""

from __future__ import annotations

import pytest
import yaml

from pulp_events.testing.http_sink import HttpSink
from pulp_events_cli.completion.candidates import candidates

LISTENER = ("event", "listener")
HTTP = ("http", "create", "--event-type=*", "--url=http://ci.example/")
NAMED = ("--name=ci-hook", "--label=team=ops", "--label", "env=prod", "--description=Starts the build", "--timeout=30s")


@pytest.fixture
def named(admin):
    return admin.listener(*HTTP, *NAMED)


def words(line):
    *before, prefix = line.split(" ")
    return [word for word, _ in candidates(before, prefix)]


def listed(admin, *options):
    return [each["id"] for each in admin.ok(*LISTENER, "list", "--json", *options).json]


def test_they_are_shown_in_words_and_in_json(admin, named):
    lines = {" ".join(line.split()) for line in admin.ok(*LISTENER, "list").out.splitlines()}
    assert {
        "Name: ci-hook", "Labels: team=ops, env=prod", "Description: Starts the build", "Timeout: 30s",
    } <= lines  # fmt: skip
    record = admin.ok(*LISTENER, "show", "--listener-id=ci-hook", "--json").json
    assert (record["name"], record["labels"], record["timeout"]) == ("ci-hook", {"team": "ops", "env": "prod"}, 30.0)
    plain = admin.ok(*LISTENER, *HTTP, "--json").json
    assert (plain["name"], plain["description"], plain["labels"], plain["timeout"]) == (None, None, {}, None)


def test_a_description_of_several_lines_is_shown_in_one(admin, named):
    admin.ok(*LISTENER, "http", "update", "--listener-id=ci-hook", "--description=Starts the build\n  Call 555\n")
    assert "Description:       Starts the build Call 555\n" in admin.ok(*LISTENER, "list").out
    [entry] = yaml.safe_load(admin.ok(*LISTENER, "export").out)["listeners"]
    assert entry["description"] == "Starts the build\n  Call 555\n"


def test_every_command_on_a_listener_takes_the_name(admin, refused):
    named = admin.listener("http", "create", "--event-type=*", f"--url=http://{refused}/", "--name=hook")
    one = "--listener-id=hook"
    assert admin.ok(*LISTENER, "http", "update", one, "--secret=generate", "--json").json["id"] == named
    assert admin.ok(*LISTENER, "http", "rotate-secret", one, "--json").json["listener_id"] == named
    assert admin.ok(*LISTENER, "http", "show-secret", one, "--json").json["listener_id"] == named
    for command in ("show", "disable", "enable", "unmute"):
        assert admin.ok(*LISTENER, command, one, "--json").json["id"] == named
    assert admin(*LISTENER, "test", one, "--json").json["listener_id"] == named
    [why] = admin.ok(*LISTENER, "explain", one, "--event-type=repo.sync.start", "--json").json
    assert why["listener_id"] == named
    assert yaml.safe_load(admin.ok(*LISTENER, "export", one).out)["listeners"][0]["id"] == named
    admin.ok("event", "emit", "repo.sync.start", "--no-wait")
    for command in ("list", "purge", "retry"):
        run = admin.ok("event", "delivery", command, one, "--json")
        assert command != "list" or [each["listener_id"] for each in run.json] == [named]
        if command == "list":
            assert "Listener Name:  hook\n" in admin.ok("event", "delivery", "show", run.json[0]["id"]).out
    assert admin.ok(*LISTENER, "mute", one, "--for=1h", "--json").json["id"] == named
    assert admin.ok(*LISTENER, "delete", one, "--json").json["id"] == named


def test_a_name_takes_precedence_over_the_beginning_of_an_id(admin):
    first = admin.listener(*HTTP)
    second = admin.listener(*HTTP, f"--name={first[:8]}")
    assert admin.ok(*LISTENER, "show", f"--listener-id={first[:8]}", "--json").json["id"] == second
    assert admin.ok(*LISTENER, "show", f"--listener-id={first[:23]}", "--json").json["id"] == first


def test_a_name_that_is_long_is_found_in_the_ledger(admin):
    made = admin.listener(*HTTP, f"--name={'n' * 64}", "--disabled")
    admin.ok("event", "emit", "repo.sync.start", "--no-wait")
    found = admin.ok("event", "delivery", "list", f"--listener-id={'n' * 64}", "--json").json
    assert [each["listener_id"] for each in found] == [made]


def test_errors_are_one_clear_line(admin, named):
    before = admin.stored()
    for command, code, text in (
        ((*HTTP, "--name=ci-hook"), 1, f"the name 'ci-hook' is taken: listener {named} has it; choose another"),
        ((*HTTP, "--name=ci hook"), 2, "name is 'ci hook'; it may have ASCII letters, digits and, between these"),
        ((*HTTP, f"--name={named}"), 2, "looks like an id"),
        ((*HTTP, "--label=ops"), 2, "--label: 'ops' is not a label; write KEY=VALUE, such as team=ops"),
        ((*HTTP, "--label=a=b", "--label=a=c"), 2, "--label: the key 'a' is given twice"),
        ((*HTTP, "--label=a b=c"), 2, "a key of labels is 'a b'"),
        ((*HTTP, "--timeout=soon"), 2, "'soon' is not a valid duration"),
        ((*HTTP, "--timeout=0"), 2, "timeout is 0; give seconds from 0.1 to 86400"),
        ((*HTTP, "--expires=0"), 2, "expires is 0; give seconds from 1 to 100000000"),
        (("mute", "--for=0s", "--listener-id=ci-hook"), 2, "cannot mute for 0 seconds"),
        (("mute", "--for=100000d", "--listener-id=ci-hook"), 2, "the longest mute has 36,500 days; to silence it"),
        (("mute", "--for=1h", f"--reason={'a' * 70}\x1b", "--listener-id=ci-hook"), 2, "a…'; it must not have control"),
        ((*HTTP, "--timeout=1ms"), 2, "timeout is 0.001; give seconds from 0.1 to 86400"),
        (("show", "--listener-id=ci-hok"), 1, "no listener has the id or name 'ci-hok'; did you mean 'ci-hook'?"),
        (("list", "--label=a=b", "--label=a=c"), 2, "--label: no listener has both a=b and a=c"),
        (("mute", "--for=1h"), 2, "choose the listeners in one way"),
        (("mute", "--for=1h", "--label=team=ops", "--listener-id=ci-hook"), 2, "choose the listeners in one way"),
        (("mute", "--for=1h", "--label=team=dev"), 1, "no listener has the label team=dev; `pulp-admin"),
        (("unmute", "--label=team=ops", "--label=env"), 0, ""),
        (("unmute", "--label=team=ops", "--label=x"), 1, "no listener has all the labels team=ops, x; `pulp-admin"),
    ):
        run = admin(*LISTENER, *command)
        assert (run.code, text in run.err, run.err.count("\n")) == (code, True, int(code > 0)), run.err
    assert admin.stored() == before


def test_labels_are_replaced_and_removed_by_update(admin, named):
    update = (*LISTENER, "http", "update", "--listener-id=ci-hook", "--json")
    assert admin.ok(*update, "--label=a=1=2", "--label=b=x, y").json["labels"] == {"a": "1=2", "b": "x, y"}
    assert admin.ok(*update, "--label=").json["labels"] == {}
    after = admin.ok(*update[:-1], "--name=", "--description=", "--timeout=", "--json").json
    assert (after["id"], after["name"], after["description"], after["timeout"]) == (named, None, None, None)


def test_the_list_is_narrowed_by_name_and_labels(admin, named):
    other = admin.listener(*HTTP, "--name=ci-mail", "--label=team=dev")
    plain = admin.listener(*HTTP)
    for options, expected in (
        ((), [named, other, plain]),
        (("--name=ci-hook",), [named]),
        (("--name=ci-*",), [named, other]),
        (("--name=hook",), []),
        (("--label=team=ops",), [named]),
        (("--label=team",), [named, other]),
        (("--label=team", "--label=env=prod"), [named]),
        (("--label=team=ops", "--type=email"), []),
    ):
        assert listed(admin, *options) == expected, options
    for narrowed in ("--label=team=ops", "--name=ci-*"):
        assert all(each["health"] for each in admin.ok(*LISTENER, "list", "--json", narrowed).json)
    entries = yaml.safe_load(admin.ok(*LISTENER, "export", "--label=team").out)["listeners"]
    assert [each["id"] for each in entries] == [named, other]


def test_all_with_a_label_are_muted_at_once(admin, named):
    other = admin.listener(*HTTP, "--label=team=ops")
    plain = admin.listener(*HTTP)
    label = "--label=team=ops"
    assert admin.ok(*LISTENER, "mute", label, "--for=1h").out == "2 event listeners successfully muted\n"
    assert [bool(each["muted_until"]) for each in admin.ok(*LISTENER, "list", "--json").json] == [True, True, False]
    muted = admin.ok(*LISTENER, "mute", label, "--label=env", "--for=1h", "--drop", "--json").json
    assert [(each["id"], each["mute_drops"]) for each in muted] == [(named, True)]
    admin.ok(*LISTENER, "mute", f"--listener-id={plain}", "--for=1h")
    assert admin.ok(*LISTENER, "unmute", f"--listener-id={other}").out == "Event listener successfully unmuted\n"
    assert admin.ok(*LISTENER, "unmute", label).out == "1 event listener successfully unmuted\n"
    assert admin.ok(*LISTENER, "unmute", label).out == "No changes were made\n"
    assert admin.ok(*LISTENER, "unmute", label, "--json").json == []
    assert [bool(each["muted_until"]) for each in admin.ok(*LISTENER, "list", "--json").json] == [False, False, True]


def test_what_waited_is_delivered_when_all_with_a_label_are_unmuted(admin):
    with HttpSink() as sink:
        admin.ok(*LISTENER, "http", "create", "--event-type=*", f"--url={sink.url}", "--label=team=ops")
        admin.ok(*LISTENER, "mute", "--label=team=ops", "--for=1h")
        assert admin("event", "emit", "repo.sync.start", "--timeout=200ms").code == 1 and not sink.requests
        admin.ok(*LISTENER, "unmute", "--label=team=ops")
        admin.ok("event", "worker", "--drain")
        assert len(sink.requests) == 1


class TestFiles:
    @pytest.fixture
    def apply(self, admin, tmp_path):
        def run(*entries, options=()):
            whole = [{"notifier_type_id": "http", "event_types": ["*"], **each} for each in entries]
            for each in whole:
                each.setdefault("notifier_config", {"url": "http://ci.example/"})
            (tmp_path / "f").write_text(yaml.safe_dump({"version": 1, "listeners": whole}))
            return admin(*LISTENER, "apply", "-f", str(tmp_path / "f"), *options)

        return run

    def test_what_is_exported_can_be_applied(self, admin, named, tmp_path):
        text = admin.ok(*LISTENER, "export").out
        [entry] = yaml.safe_load(text)["listeners"]
        assert (entry["name"], entry["labels"], entry["timeout"]) == ("ci-hook", {"team": "ops", "env": "prod"}, "30s")
        (tmp_path / "f").write_text(text)
        assert admin.ok(*LISTENER, "apply", "-f", str(tmp_path / "f")).out == "1 listener: 1 unchanged\n"
        admin.ok(*LISTENER, "delete", "--listener-id=ci-hook")
        assert admin.ok(*LISTENER, "apply", "-f", str(tmp_path / "f")).out.endswith("1 listener: 1 created\n")
        assert admin.ok(*LISTENER, "show", "--listener-id=ci-hook", "--json").json["id"] == named

    def test_an_entry_without_an_id_is_the_listener_of_its_name(self, admin, named, apply):
        run = apply({"name": "ci-hook", "labels": {"team": "dev"}}, {"name": "new"})
        assert run.code == 0 and run.out.endswith("2 listeners: 1 created, 1 updated\n"), run.err
        assert "  - labels: team=ops, env=prod\n  + labels: team=dev\n" in run.out
        assert admin.ok(*LISTENER, "show", "--listener-id=ci-hook", "--json").json["id"] == named
        again = apply({"name": "ci-hook", "labels": {"team": "dev"}}, {"name": "new"})
        assert again.out == "2 listeners: 2 unchanged\n"
        pruned = apply({"name": "new"}, options=("--prune",))
        assert pruned.out.endswith("2 listeners: 1 deleted, 1 unchanged\n")

    def test_a_masked_secret_of_a_listener_called_by_its_name_stays(self, admin, apply):
        admin.ok(*LISTENER, *HTTP, "--name=hook", "--username=u", "--password=hunter22")
        config = {"url": "http://other.example/", "username": "u", "password": "********"}
        run = apply({"name": "hook", "notifier_config": config})
        assert run.code == 0 and "password" not in run.out, run.err + run.out
        assert '"hunter22"' in admin.stored()

    def test_names_may_change_hands_in_a_file(self, admin, apply):
        one, two = (admin.listener(*HTTP, f"--name={name}") for name in ("one", "two"))
        assert apply({"id": one, "name": "two"}, {"id": two, "name": "one"}).code == 0
        names = {each["id"]: each["name"] for each in admin.ok(*LISTENER, "list", "--json").json}
        assert names == {one: "two", two: "one"}
        run = apply({"id": one, "name": "three"}, {"name": "two"})
        assert run.code == 0 and run.out.endswith("1 created, 1 updated\n"), run.err

    def test_in_another_installation_an_entry_is_the_listener_of_its_name(self, admin, named, apply):
        entry = {"id": "ab" * 12, "name": "ci-hook", "labels": {"team": "dev"}}
        run = apply(entry, options=("--prune",))
        assert run.code == 0 and run.out.startswith(f"~ http {named} ci-hook\n"), run.err
        assert apply(entry, options=("--prune",)).out == "1 listener: 1 unchanged\n"
        assert [each["id"] for each in admin.ok(*LISTENER, "list", "--json").json] == [named]

    def test_an_id_that_is_known_is_the_listener_whatever_it_is_called(self, admin, named, apply):
        run = apply({"id": named, "name": "hook"})
        assert run.code == 0 and "  - name: ci-hook\n  + name: hook\n" in run.out, run.err
        assert apply({"id": named}).out.endswith("1 listener: 1 updated\n")
        assert admin.ok(*LISTENER, "show", "--listener-id", named, "--json").json["name"] is None

    def test_a_name_whose_owner_goes_is_free(self, admin, named, apply):
        two = admin.listener(*HTTP, "--name=two")
        run = apply({"id": two, "name": "ci-hook"}, options=("--prune",))
        assert run.code == 0 and run.out.endswith("2 listeners: 1 updated, 1 deleted\n"), run.err
        assert [(each["id"], each["name"]) for each in admin.ok(*LISTENER, "list", "--json").json] == [(two, "ci-hook")]

    def test_a_new_name_without_an_id_is_a_new_listener_and_the_old_one_goes_if_asked(self, admin, named, apply):
        assert apply({"name": "hook"}).out.endswith("1 listener: 1 created\n")
        assert apply({"name": "hook"}, options=("--prune",)).out.endswith("2 listeners: 1 deleted, 1 unchanged\n")

    @pytest.mark.parametrize("options", [(), ("--dry-run",)])
    def test_a_name_that_two_would_have_is_refused_with_the_place(self, admin, named, apply, options):
        other = admin.listener(*HTTP, "--name=other")
        before = admin.stored()
        for entries, text in (
            (
                ({"name": "a"}, {"name": "a"}),
                "listener 2: the name 'a' is taken: listener 1 of the file has it; choose",
            ),
            (
                ({"id": other, "name": "ci-hook"},),
                f"listener 1: the name 'ci-hook' is taken: listener {named} has it; choose another",
            ),
            (
                ({"id": named, "name": "ci-hook"}, {"id": "ab" * 12, "name": "ci-hook"}),
                "listener 2: the name 'ci-hook' is taken: listener 1 of the file has it; choose another",
            ),
            (({"name": "ci-hook"}, {"name": "ci-hook"}), "listener 2: the name 'ci-hook' is taken: listener 1 of"),
            (({"name": "a b"},), "listener 1: name is 'a b'; it may have ASCII"),
            (({"labels": {"a": 5}},), "listener 1, labels.a"),
            (({"timeout": "1ms"},), "listener 1: timeout is 0.001; give"),
            (
                ({"name": "ci-hook", "notifier_type_id": "email", "notifier_config": {}},),
                "cannot be changed; choose another name to create a listener of type email",
            ),
            (
                ({"id": named, "name": "a", "notifier_type_id": "email", "notifier_config": {}},),
                "cannot be changed; leave the id out to create a listener of type email",
            ),
            (
                ({"id": named, "name": "ci-hook", "notifier_type_id": "email", "notifier_config": {}},),
                "cannot be changed; leave the id out and choose another name to create a listener of type email",
            ),
        ):
            run = apply(*entries, options=options)
            assert (run.code, text in run.err, run.err.count("\n")) == (2, True, 1), run.err
        assert admin.stored() == before


def test_names_and_labels_are_completed(admin, named):
    plain = admin.listener("email", "create", "--event-type=*", "--subject=s", "--addresses=a@b.example")
    admin.listener(*HTTP, "--name=mail", "--label=team=ops")
    assert words("event listener show --listener-id ") == ["ci-hook", plain, "mail"]
    assert words("event listener show --listener-id c") == ["ci-hook"]
    assert words(f"event listener show --listener-id {named[:8]}")[0] == named
    assert words("event listener http update --listener-id ") == ["ci-hook", "mail"]
    assert words("event delivery retry --listener-id=ci") == ["--listener-id=ci-hook"]
    assert words("event listener list --name ") == ["ci-hook", "mail"]
    assert words("event listener http create --name ") == []
    assert words("event listener mute --label ") == ["env=prod", "team=ops"]
    assert words("event listener http create --label=t") == ["--label=team=ops"]
    assert dict(candidates(["event", "listener", "list", "--label"], ""))["team=ops"] == "2 listeners"
