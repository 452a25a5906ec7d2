"""The same commands with a real Pulp 3, with and without domains."""

import os

import pytest

pytest.importorskip("pulp_events_pulpcore.testing", reason="needs pulp-events-pulpcore and its extra `testing`")
from pulp_events_pulpcore.testing import Missing, start_pulp

from pulp_events.testing import HttpSink

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module", params=[False, True], ids=["one domain", "domains"])
def server(request, tmp_path_factory):
    settings = {"DOMAIN_ENABLED": request.param}
    try:
        found = start_pulp(tmp_path_factory.getbasetemp(), pulp_settings=settings, workers=1)
    except Missing as error:
        if os.environ.get("PULP_EVENTS_NO_SKIP") == "1":
            raise
        pytest.skip(str(error))
    yield found
    found.close()


@pytest.fixture
def real(cli, server):
    cli.options[:] = ["--base-url", server.url, "--username", "admin", "--password", "password"]
    return cli


@pytest.fixture
def sink():
    with HttpSink() as found:
        yield found


@pytest.fixture
def listener(real, sink):
    made = real.json(
        "event", "listener", "create", "http", "--event-type=repo.sync.*", "--event-type=task.*", f"--url={sink.url}",
        "--token=s3cr3t", "--label=team=ops", "--description=of a test",
    )  # fmt: skip
    yield made
    real("event", "listener", "destroy", "--href", made["pulp_href"])


def test_create_from_the_servers_schemas(real, listener):
    text = real("event", "listener", "create", "http", "--help").stdout
    assert "--url" in text and "[required]" in text and "--ca-path" not in text
    assert "http" in real("event", "listener", "create", "--help").stdout
    assert "s3cr3t" not in str(listener)
    assert {"name": "token", "is_set": True} in listener["hidden_fields"]
    assert listener["labels"] == {"team": "ops"} and listener["event_types"] == ["repo.sync.*", "task.*"]


def test_choosing_listing_updating(real, listener):
    by_id = ("--listener-id", listener["listener_id"])
    assert real.json("event", "listener", "show", *by_id)["pulp_href"] == listener["pulp_href"]
    real("event", "listener", "update", *by_id, "--insecure", "--disabled", "--token=", "--filter", "payload.a")
    found = real.json("event", "listener", "list", "--disabled", "--type=http", "--event-type=repo.sync.*")
    assert [each["notifier_config"]["insecure"] for each in found] == [True]
    assert {"name": "token", "is_set": False} in found[0]["hidden_fields"]
    changed = real.json("event", "listener", "update", "http", *by_id, "--enabled", "--filter=", "--no-insecure")
    assert changed["filter"] is None and changed["enabled"] and not changed["notifier_config"]["insecure"]
    assert [*real.json("event", "listener", "list", "--field=listener_id")[0]] == ["listener_id"]


def test_refusals_name_the_options(real):
    found = real(
        "event", "listener", "create", "http", "--event-type=nothing.x", "--url=ftp://a.example/", status=1
    ).stderr.splitlines()
    assert found and all(each.startswith("Error: --") for each in found), found


def test_test_mute_labels_roles(real, listener, sink):
    href = ("--href", listener["pulp_href"])
    assert real.json("event", "listener", "test", *href)["results"][0]["outcome"] == "delivered"
    assert real.json("event", "listener", "mute", *href, "--for=1h", "--reason=night")["mute_reason"] == "night"
    assert real.json("event", "listener", "unmute", *href)["muted_until"] is None
    real("event", "listener", "label", "set", *href, "--key=env", "--value=prod")
    assert real("event", "listener", "label", "show", *href, "--key=env").stdout == "prod\n"
    real("event", "listener", "label", "unset", *href, "--key=env")
    assert "roles" in real.json("event", "listener", "role", "list", *href)
    assert real.json("event", "listener", "role", "my-permissions", *href)["permissions"]


def test_deliveries(real, server, listener):
    real("file", "repository", "create", "--name", f"r{listener['listener_id']}")
    real("event", "listener", "mute", "--href", listener["pulp_href"], "--for=1h")
    server.manage("shell", "-c", _EMIT)
    found = real.json("event", "delivery", "list", "--listener", listener["pulp_href"])
    assert found and found[0]["event_type"] == "repo.sync.start"
    assert found[0]["id"] in [each["id"] for each in real.json("event", "delivery", "list", "--event-type=repo.sync.*")]
    assert real.json("event", "delivery", "show", "--delivery-id", found[0]["id"])["report"]["payload"] == {"a": 1}
    assert real.json("event", "delivery", "retry", "--delivery-id", found[0]["id"])["id"]
    assert "count" in real.json("event", "delivery", "retry", "--listener", listener["pulp_href"])


_EMIT = """
from pulp_events_pulpcore.app.bus import bus
from pulpcore.app.models import Domain
bus().emit("repo.sync.start", {"a": 1}, scope=str(Domain.objects.get(name="default").pk))
"""


def test_what_the_server_has(real):
    assert "http" in [each["type_id"] for each in real.json("event", "notifier", "list")]
    assert "url" in real.json("event", "notifier", "show", "--type=http")["schema"]["properties"]
    assert real.json("event", "type", "show", "--name=repo.sync.start")["name"] == "repo.sync.start"
    assert len(real.json("event", "type", "list", "--limit=2")) == 2
    real("debug", "has-plugin", "--name", "events")
