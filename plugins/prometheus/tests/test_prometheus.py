"""A real Prometheus, Debian's, scrapes a real worker; the rules fire on a listener that fails."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.testing import FakeClock, HttpSink

SHARE = Path(__file__).parents[1] / "share"
CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: pulp
    static_configs: [{{targets: ['{target}']}}]
"""


@pytest.fixture
def run():
    processes = []

    def run(*command, **more):
        processes.append(subprocess.Popen(command, text=True, **more))
        return processes[-1]

    yield run
    for each in reversed(processes):
        each.send_signal(signal.SIGTERM)
        try:
            each.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            each.kill()
            each.communicate()


class Server:
    """Its HTTP API."""

    def __init__(self, port):
        self._url = f"http://127.0.0.1:{port}/api/v1/"

    def ask(self, path, **parameters):
        """The data of an answer; None while there is none."""
        try:
            with urllib.request.urlopen(
                f"{self._url}{path}?{urllib.parse.urlencode(parameters)}", timeout=10
            ) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            pytest.fail(f"{parameters}: {error.read()}")
        except OSError:
            return None

    def value(self, query):
        """The first value; None without one."""
        found = self.ask("query", query=query)
        return float(found["result"][0]["value"][1]) if found and found["result"] else None

    def until(self, holds):
        """Wait until it does."""
        deadline = time.monotonic() + 60
        while not (found := holds()):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        return found


@pytest.mark.slow
def test_a_real_prometheus_scrapes_a_worker_and_its_rules_fire_on_a_listener_that_fails(
    tmp_path, needs, run, free_port
):
    program, promtool = needs("prometheus"), needs("promtool")
    conf = tmp_path / "server.conf"
    conf.write_text(f"[events]\ndata_dir = {tmp_path}/data\n")
    # It began to fail eleven minutes ago.
    with EventBus.open(conf, deliver="inline", clock=FakeClock(wall=time.time() - 660)) as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"], name="broken")
        for emitted in range(4):
            if emitted == 2:  # whose counters begin with what died before anybody looked
                bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"], name="new", retry_schedule=[])
            bus.emit("repo.sync.start", {"repo_id": "a"})
        bus.listeners.disable("new")
    with HttpSink() as sink, EventBus.open(conf, deliver="external") as bus:
        bus.listeners.create("http", {"url": sink.url}, ["*"], name="well")
        worker = run(
            sys.executable, "-m", "pulp_events_cli", "--config", str(conf), "event", "worker", "--metrics=0",
            "--processes=2", stderr=subprocess.PIPE,
        )  # fmt: skip
        target = next(found[1] for line in worker.stderr if (found := re.search(r"served at http://([^/]+)/", line)))
        config = tmp_path / "prometheus.yml"
        config.write_text(CONFIG.format(rules=SHARE / "alerts.yml", target=target))
        assert subprocess.run([promtool, "check", "config", config], capture_output=True).returncode == 0
        log = (tmp_path / "prometheus.log").open("w")
        run(
            program, f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/tsdb",
            f"--web.listen-address=127.0.0.1:{free_port}", stdout=log, stderr=log,
        )  # fmt: skip
        server = Server(free_port)
        server.until(lambda: server.value('up{job="pulp"}') == 1)
        bus.emit_many([("repo.sync.start", {"repo_id": "a"})] * 20)
        counted = 'pulp_events_deliveries_total{listener="well",outcome="delivered"}'
        server.until(lambda: server.value(counted) == 20)

        of = {"job": "pulp", "notifier": "http", "severity": "warning"}
        fails = {"alertname": "PulpEventsListenerFails", "listener": "broken", **of}
        dies = {"alertname": "PulpEventsDeliveriesDie", "listener": "new", **of}
        firing = lambda: [each for each in server.ask("alerts")["alerts"] if each["state"] == "firing"]  # noqa: E731
        server.until(lambda: len(firing()) > 1)
        alerts = sorted(firing(), key=lambda each: each["labels"]["alertname"])
        assert [each["labels"] for each in alerts] == [dies, fails]
        summaries = [each["annotations"]["summary"] for each in alerts]
        assert summaries[0] == "Deliveries to new (http) were given up: 2 in 15 minutes"
        assert "Listener broken (http) has failed for 11m" in summaries[1]

        [health] = server.ask("targets")["activeTargets"]
        assert (health["health"], health["lastError"]) == ("up", "")
        for panel in json.loads((SHARE / "dashboard.json").read_text())["panels"]:
            for each in panel.get("targets", ()):
                query = re.sub(r"\$(job|notifier|listener)", ".*", each["expr"]).replace("$__rate_interval", "30s")
                assert server.ask("query", query=query) is not None, panel["title"]
        rules = server.ask("rules")["groups"][0]["rules"]
        assert {rule["health"] for rule in rules} == {"ok"}
        bus.listeners.delete("broken")
        gone = 'count(pulp_events_listener_failing_seconds{listener="broken"}) or vector(0)'
        server.until(lambda: server.value(gone) == 0)
