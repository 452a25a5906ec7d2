"""`plugin` and `config`: what is installed, what is set, and what is wrong with it."""

from __future__ import annotations

import configparser
import re

import pytest

from pulp_events import hookimpl


class Audit:
    """A plugin with a command of its own."""

    @hookimpl
    def pulp_admin_commands(self, commands):
        parser = commands.add_parser("audit", help="count what is there")
        parser.add_argument("--twice", action="store_true", help="count 100% twice")
        parser.set_defaults(run=self.run)

    @staticmethod
    def run(bus, arguments):
        print(f"{len(bus.listeners.list())} listeners, json: {arguments.json}")
        return 2 if arguments.twice else 0


class Broken:
    @hookimpl
    def pulp_admin_commands(self, commands):
        raise SystemExit("no")


class Misspelt:
    @hookimpl
    def pulp_notifier(self):
        return []


def test_plugins_are_listed_with_what_they_bring(admin):
    rows = {each["name"]: each for each in admin.ok("event", "plugin", "list", "--json").json}
    assert rows["email"]["distribution"] == "pulp-events-email" and rows["email"]["version"]
    assert rows["http"]["notifier_types"] == ["http"] and rows["http"]["hooks"] == ["pulp_notifiers"]
    assert {row["state"] for row in rows.values()} >= {"loaded"}
    assert admin.ok("event", "plugin", "list").out.startswith("NAME ")
    assert "Distribution:" in admin.ok("event", "plugin", "show", "amqp").out


def test_a_plugin_that_fails_is_named_and_harms_nothing(admin, with_plugin):
    with_plugin("misspelt", Misspelt())
    run = admin.ok("event", "plugin", "list")
    assert "failed" in run.out and "pulp_notifier" in run.out
    run = admin.ok("event", "listener")
    assert "http  - manage http listeners" in run.out
    assert run.err.startswith("pulp-admin: warning: plugin misspelt is left out") and run.err.count("\n") == 1
    run = admin("event", "config", "check")
    assert run.code == 1 and "problem  plugin misspelt" in run.out


def test_a_plugins_command_that_exits_with_a_text_fails_with_it(admin, with_plugin, monkeypatch):
    def run(bus, arguments):
        raise SystemExit("nothing to audit")

    monkeypatch.setattr(Audit, "run", staticmethod(run))
    with_plugin("audit", Audit())
    done = admin("event", "audit")
    assert done.code == 1 and done.err == "pulp-admin: error: nothing to audit\n"


def test_a_blocked_plugin_is_shown_as_such(admin, monkeypatch):
    monkeypatch.setenv("PULP_EVENTS_BLOCK", "http")
    assert "blocked" in admin.ok("event", "plugin", "list").out
    run = admin("event", "listener", "http", "create")
    assert run.code == 2 and "PULP_EVENTS_BLOCK" in run.err


def test_a_plugin_in_full_has_the_json_schema_of_its_configurations(admin, with_plugin):
    from pulp_events import json_schema
    from pulp_events.plugins.registry import Plugins

    shown = admin.ok("event", "plugin", "show", "http", "--json").json
    assert shown["config_schemas"] == {"http": json_schema(Plugins.load().notifier("http"), references=True)}
    assert "Config Schemas" not in admin.ok("event", "plugin", "show", "http").out
    assert all("config_schemas" not in each for each in admin.ok("event", "plugin", "list", "--json").json)


def test_without_plugins_none_is_there(admin):
    assert "--no-plugins" in admin.ok("event", "plugin", "list", "--no-plugins").err
    run = admin("event", "listener", "http", "create", "--no-plugins")
    assert run.code == 2 and "--no-plugins" in run.err


def test_a_plugin_brings_commands(admin, with_plugin):
    with_plugin("audit", Audit())
    assert re.search("audit +- count what is there", admin.ok("event").out)
    assert "--twice - count 100% twice" in admin.ok("event", "audit", "--help").out
    assert admin.ok("event", "audit").out == "0 listeners, json: False\n"
    assert admin("event", "--json", "audit", "--twice").code == 2


def test_a_plugin_whose_commands_fail_harms_nothing(admin, with_plugin):
    with_plugin("broken", Broken())
    run = admin.ok("event")
    assert "listener - manage" in run.out and "plugin broken" in run.err
    assert "broken" not in admin.ok("event", "listener", "list").err


def test_a_command_that_raises_gets_one_line(admin, with_plugin, monkeypatch):
    monkeypatch.setattr(Audit, "run", staticmethod(lambda bus, arguments: 1 / 0))
    with_plugin("audit", Audit())
    run = admin("event", "audit")
    assert run.code == 1 and "ZeroDivisionError" in run.err and run.err.count("\n") == 1


def test_settings_are_shown_as_a_server_conf_with_defaults_marked(admin):
    admin.configure("[delivery]\nretry_schedule = 1s, 90s\n[http]\ntimeout = 20\n")
    out = admin.ok("event", "config", "show").out
    assert f"# {admin.config}\n" in out
    assert "retry_schedule = 1s, 1m 30s\n" in out and "\n# lanes = 4\n" in out and "timeout = 20s\n" in out
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(out)
    assert parser["delivery"] == {"retry_schedule": "1s, 1m 30s"}
    shown = admin.ok("event", "config", "show", "--json").json
    assert shown["file"] == str(admin.config)
    assert shown["sections"]["delivery"]["lanes"] == {"value": 4, "set": False, "from": "default"}


def test_a_good_set_up_passes_the_check(admin):
    admin.ok("event", "listener", "http", "create", "--event-type=*", "--url=http://ci.example/")
    admin.ok("event", "emit", "repo.sync.start", "--no-wait")
    run = admin.ok("event", "config", "check")
    assert "problem" not in run.out and "1 listener" in run.out and "1 pending" in run.out


def test_a_fresh_set_up_passes_the_check_and_is_left_fresh(admin):
    admin.ok("event", "config", "check")
    assert not admin.data.exists()


def test_the_check_reports_every_wrong_section(admin):
    admin.configure("[delivery]\nlanes = none\n[http]\ntimeot = 3\n")
    run = admin("event", "config", "check", "--json")
    assert run.code == 1
    texts = [each["text"] for each in run.json["findings"] if each["state"] == "problem"]
    assert len(texts) == 2 and "lanes" in texts[0] and "timeot" in texts[1]


@pytest.mark.parametrize(
    ("prepare", "hint"),
    [
        (lambda data: (data.mkdir(), data.chmod(0o755)), "chmod 0700"),
        (lambda data: data.write_text(""), "is not a folder"),
        (lambda data: (data.mkdir(0o700), (data / "listeners.json").write_text("{")), "listeners.json"),
    ],
    ids=["open to others", "no folder", "torn file"],
)
def test_the_check_names_what_is_wrong_with_the_data_folder(admin, prepare, hint):
    prepare(admin.data)
    run = admin("event", "config", "check")
    assert run.code == 1 and "problem" in run.out and hint in run.out and run.err == ""


def test_the_api_that_a_plugin_needs_is_listed_and_one_that_needs_another_has_failed(admin, with_plugin):
    needs = type("Needs", (Audit,), {"pulp_events_api": ">=1.0,<2"})
    with_plugin("needs", needs())
    run = admin.ok("event", "plugin", "list")
    assert "NEEDS API" in run.out and ">=1.0,<2" in run.out
    with_plugin("late", type("Late", (Audit,), {"pulp_events_api": ">=7"})())
    row = {each["name"]: each for each in admin.ok("event", "plugin", "list", "--json").json}["late"]
    assert row["state"] == "failed" and "needs plugin API >=7" in row["reason"] and row["needs_api"] == ">=7"
    assert row["deprecations"] == []


@pytest.mark.parametrize(
    "words",
    ["types", "plugin list", "plugin show http", "plugin check http", "plugin new x-y", "config show", "listener list"],
)
def test_a_server_conf_that_is_not_there_is_one_error_whatever_the_command(admin, tmp_path, words, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = admin("--config=/no/such/server.conf", "event", *words.split())
    assert (run.code, run.out) == (1, "") and not list(tmp_path.glob("pulp-events-*"))
    assert run.err == (
        "pulp-admin: error: /no/such/server.conf: no such file; name an existing server.conf, or leave it out to "
        "use the defaults\n"
    )


def test_the_check_of_the_settings_finds_that_the_file_is_not_there(admin):
    run = admin("--config=/no/such/server.conf", "event", "config", "check")
    assert run.code == 1 and "/no/such/server.conf: no such file" in run.out
