"""The dashboard and the rules that the package brings."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from .scraping import scrape

SHARE = Path(__file__).parents[1] / "share"
DASHBOARD, RULES = SHARE / "dashboard.json", SHARE / "alerts.yml"
NAME = re.compile(r"pulp_events_[a-z_]+")
SOMETIMES = {"pulp_events_dropped_events", "pulp_events_processes"}
"""Of which there are series only once there is something to tell."""


@pytest.fixture
def told(bus):
    """What a bus tells: names → names of labels."""
    bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"], name="broken")
    bus.heartbeat.become_worker()
    bus.heartbeat.appear()
    bus.emit("repo.sync.start", {"repo_id": "a"})
    labels = {"pulp_events_dropped_events": {"event_type"}}
    for name, found in scrape(bus):
        labels.setdefault(name, set()).update(dict(found))
    return labels


def expressions():
    dashboard = json.loads(DASHBOARD.read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield f"dashboard: {panel['title']}", target["expr"]
    for variable in dashboard["templating"]["list"][1:]:
        yield f"dashboard: variable {variable['name']}", variable["query"]["query"]
    for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]:
        yield f"rule: {rule['alert']}", rule["expr"]


def test_every_metric_and_label_that_they_use_exists(told):
    found = [*expressions()]
    assert len(found) > 30
    for where, expression in found:
        names = NAME.findall(expression)
        assert names, where
        for name in names:
            assert name in told, (where, name)
        for name, selected in re.findall(r"(pulp_events_[a-z_]+)\{([^}]*)\}", expression):
            for label in re.findall(r"(\w+)\s*(?:=~|!=|=)", selected):
                assert label in told[name] | {"job", "instance"}, (where, name, label)
        for grouped in re.findall(r"by \(([^)]*)\)", expression):
            known = {"job", "instance"}.union(*(told[name] for name in names))
            assert {*re.findall(r"\w+", grouped)} <= known, (where, grouped)


def test_every_metric_is_in_the_dashboard(told):
    used = {name for _, expression in expressions() for name in NAME.findall(expression)}
    missing = {name for name in told if name not in used and not name.endswith(("_count", "_sum"))}
    assert missing == set()


def test_every_metric_is_in_the_document(told):
    text = (SHARE.parent / "docs/metrics.md").read_text()
    for name in told:
        assert f"`{re.sub(r'_(bucket|count|sum)$', '', name)}`" in text, name


def test_panels_do_not_overlap():
    taken = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells


def test_names_follow_the_conventions(told):
    for name in told:
        assert not re.search(r"_(ms|milliseconds|minutes|kb|mb|total_.*|count_total)$", name), name


def test_promtool_takes_the_rules_and_each_fires_when_it_should(needs):
    promtool = needs("promtool")
    assert subprocess.run([promtool, "check", "rules", RULES], capture_output=True).returncode == 0
    tests = Path(__file__).with_name("rules_test.yml")
    ran = subprocess.run([promtool, "test", "rules", tests], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    tested = {
        each["alertname"]
        for test in yaml.safe_load(tests.read_text())["tests"]
        for each in test["alert_rule_test"]
        if each["exp_alerts"]
    }
    assert tested == {rule["alert"] for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]}
