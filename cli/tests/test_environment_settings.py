"""`pulp-admin` and its worker in a container: environment variables, and no file at all."""

import json
import os
import shlex
import signal
import subprocess

import pytest

from pulp_events import EventBus
from pulp_events.testing.http_sink import HttpSink


@pytest.fixture
def variables(admin, monkeypatch, tmp_path):
    """Sets settings by key; no server.conf is named."""
    monkeypatch.delenv("PULP_EVENTS_CONFIG")
    admin.config.unlink()

    def given(**texts):
        for key, text in {"EVENTS__DATA_DIR": str(tmp_path / "data"), **texts}.items():
            monkeypatch.setenv(f"PULP_EVENTS__{key}", text)

    given()
    return given


@pytest.mark.slow
@pytest.mark.sample(1)
@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_container_needs_no_file(admin, variables, processes):
    variables(EVENTS__SOURCE="box", HTTP__TIMEOUT="7s")
    own = [name for name in os.environ if not name.startswith("PULP_EVENTS")]
    environment = {name: os.environ[name] for name in [*own, *(each for each in os.environ if "EVENTS__" in each)]}

    def run(*words):
        done = subprocess.run(admin.command(*words), env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    with HttpSink() as sink:
        run("event", "listener", "http", "create", "--event-type=*", f"--url={sink.url}")
        run("event", "emit", "repo.sync.start", "--no-wait")
        worker = subprocess.Popen(
            admin.command("event", "worker", "--processes", processes), env=environment, stderr=subprocess.PIPE
        )
        try:
            [request] = sink.wait_for(1, timeout=30)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.communicate(timeout=60)
    assert worker.returncode == 0
    assert json.loads(request.body)["event_type"] == "repo.sync.start"
    assert json.loads(run("event", "config", "show", "--json"))["sections"]["http"]["timeout"] == {
        "value": "7s", "set": True, "from": "environment", "place": "PULP_EVENTS__HTTP__TIMEOUT",
    }  # fmt: skip


def test_config_show_says_where_each_value_is_from(admin, variables, tmp_path):
    variables(EMAIL__PASSWORD="s3cret-value", EMAIL__USERNAME="pulp", DELIVERY__LANES="3")
    (tmp_path / "other.conf").write_text("[delivery]\nlanes = 2\njitter = 0.1\n")
    out = admin.ok("--config", str(tmp_path / "other.conf"), "event", "config", "show").out
    assert "\n# from PULP_EVENTS__DELIVERY__LANES\nlanes = 3\n" in out
    assert f"\n# from {tmp_path / 'other.conf'}:3\njitter = 0.1\n" in out
    assert "\n# concurrency = 256\n" in out
    assert "\n# from PULP_EVENTS__EMAIL__PASSWORD\npassword = " in out and "s3cret-value" not in out


def test_config_check_names_every_wrong_variable_and_no_secret(admin, variables):
    variables(DELIVERY__LANES="0", DELIVERY__LEASE="x", EVENTS__SORCE="s3cret-value", SATELLITE__DISH="s3cret-value")
    run = admin("event", "config", "check", "--json")
    found = [(each["state"], each["text"]) for each in run.json["findings"] if each["what"] == "settings"]
    problems = [text for state, text in found if state == "problem"]
    assert run.code == 1 and "s3cret-value" not in run.out and len(problems) == 3
    assert any(text.startswith("PULP_EVENTS__DELIVERY__LANES = '0'") for text in problems)
    assert any(text.startswith("PULP_EVENTS__DELIVERY__LEASE = 'x'") for text in problems)
    assert any("did you mean 'PULP_EVENTS__EVENTS__SOURCE'" in text for text in problems)
    assert ("note", "PULP_EVENTS__SATELLITE__DISH: no installed plugin has this section; it is ignored") in found
    refused = admin("event", "listener", "list")
    assert refused.code == 1 and "PULP_EVENTS__" in refused.err and "s3cret-value" not in refused.err


def test_config_check_takes_what_file_and_environment_say_together(admin, variables, tmp_path):
    (tmp_path / "other.conf").write_text("[email]\nusername = pulp\n")
    words = ("--config", str(tmp_path / "other.conf"), "event", "config", "check")
    assert admin(*words).code == 1  # a user name without a password
    variables(EMAIL__PASSWORD="s3cret-value")
    run = admin.ok(*words)
    assert "environment: PULP_EVENTS__EMAIL__PASSWORD" in run.out and "s3cret-value" not in run.out


def test_the_unit_has_what_is_no_secret_and_names_what_is_one(admin, variables, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    proxy = "http://u:s3cret-value@proxy.example:1"  # no secret by itself
    variables(EVENTS__DATA_DIR="mine", EMAIL__USERNAME="pulp", EMAIL__PASSWORD="s3cret-value", HTTP__PROXY=proxy)
    out = admin.ok("event", "worker", "--print-unit").out
    given = [shlex.split(line.removeprefix("Environment="))[0] for line in out.splitlines() if "nment=PULP" in line]
    assert (
        f"PULP_EVENTS__EVENTS__DATA_DIR={tmp_path / 'mine'}" in given and "PULP_EVENTS__EMAIL__USERNAME=pulp" in given
    )
    assert "# PULP_EVENTS__EMAIL__PASSWORD is a secret" in out and "# PULP_EVENTS__HTTP__PROXY is a secret" in out
    assert "s3cret-value" not in out


def test_config_check_tells_of_events_that_an_application_could_not_emit(admin):
    with EventBus.open(admin.config, deliver="external", on_error="log") as bus:
        bus.emit("no.such")
    run = admin("event", "config", "check", "--json")
    [found] = [each for each in run.json["findings"] if each["what"] == "limits"]
    assert run.code == 1 and found["state"] == "problem"
    assert found["text"].startswith("1 event of type no.such was dropped") and "on_error" in found["text"]
