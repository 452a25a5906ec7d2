"""Domains: a user sees, changes and is sent what is of his domain, and nothing else."""

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # a Pulp is started

EMIT = """
from pulp_events_pulpcore.app.bus import bus
from pulpcore.plugin.models import Domain
for domain in Domain.objects.all():
    bus().emit("repo.sync.start", {"repo_id": "r"}, scope=str(domain.pk))
"""

ADMINISTRATORS = """
from pulp_events_pulpcore.app.bus import bus
from pulpcore.plugin.models import Domain
scope = str(Domain.objects.get(name="{domain}").pk)
bus().listeners.create("http", {{"url": "{url}"}}, ["listener.changed"], name="operators", scope=scope)
"""

LOOK = """
import time
from pulp_events import DeliveryQuery, EventBus
from pulp_events_pulpcore.given import settings_mapping
told, deadline = DeliveryQuery(event_type="listener.changed"), time.monotonic() + 60
with EventBus.open(settings=settings_mapping(), deliver="background") as bus:
    while not bus.deliveries.list(told) and time.monotonic() < deadline:
        time.sleep(0.1)
"""
"""What tells of listeners is emitted by a process that delivers."""


@pytest.fixture(scope="module")
def with_domains(start_pulp):
    server = start_pulp(pulp_settings={"DOMAIN_ENABLED": True}, workers=0, deliver=False)
    for name in ("north", "south"):
        storage = {"MEDIA_ROOT": ""}
        server.api(
            "/pulp/default/api/v3/domains/",
            {"name": name, "storage_class": "pulpcore.app.models.storage.FileSystem", "storage_settings": storage},
        )
    return server


def test_a_domain_has_its_own_listeners_deliveries_and_events(with_domains, sink):
    def ask(domain, method, path, body=None, user=None):
        whole = path if path.startswith("/") else f"/pulp/{domain}/api/v3/{path}"
        session = user or with_domains.session
        answer = session.request(method, with_domains.url + whole, json=body, timeout=60)
        return answer.status_code, answer.json() if answer.content else None

    made = with_domains.api("/pulp/default/api/v3/users/", {"username": "nora", "password": "Secret-w0rd"})
    domain = with_domains.api("/pulp/default/api/v3/domains/?name=north")["results"][0]["pulp_href"]
    for role in ("events.eventlistener_creator", "events.eventlistener_viewer"):
        with_domains.api(f"{made['pulp_href']}roles/", {"role": role, "domain": domain, "content_object": None})
    nora = with_domains.login("nora", "Secret-w0rd")
    body = {
        "notifier_type_id": "http", "notifier_config": {"url": sink.url}, "event_types": ["repo.sync.start"],
    }  # fmt: skip

    status, north = ask("north", "POST", "event-listeners/", body, nora)
    assert status == 201 and north["pulp_href"].startswith("/pulp/north/api/v3/event-listeners/")
    assert ask("south", "POST", "event-listeners/", body, nora)[0] == 403
    south = ask("south", "POST", "event-listeners/", body)[1]

    with_domains.python(EMIT)
    [delivery] = ask("north", "GET", "event-deliveries/", user=nora)[1]["results"]
    assert delivery["listener"] == north["pulp_href"]
    [other] = ask("south", "GET", "event-deliveries/")[1]["results"]
    assert other["listener"] == south["pulp_href"] and other["event_id"] != delivery["event_id"]
    assert ask("default", "GET", "event-deliveries/")[1]["count"] == 0
    assert ask("default", "GET", "event-listeners/")[1]["count"] == 0

    moved = south["pulp_href"].replace("/south/", "/north/")
    for href, user in ((south["pulp_href"], nora), (moved, nora), (moved, None)):
        for method, path, sent in (
            ("GET", "", None), ("PATCH", "", {"description": "x"}), ("DELETE", "", None), ("POST", "test/", None),
            ("POST", "retry/", {}), ("GET", "deliveries/", None), ("GET", "history/", None),
            ("GET", f"deliveries/{other['id']}/", None),
        ):  # fmt: skip
            assert ask("", method, href + path, sent, user)[0] in (403, 404), (href, method, path)
    assert ask("", "GET", f"{north['pulp_href']}deliveries/{other['id']}/")[0] == 404
    assert ask("", "GET", south["pulp_href"])[1]["description"] is None
    assert not sink.requests

    with_domains.python(ADMINISTRATORS.format(domain="north", url=sink.url))
    assert ask("", "PATCH", north["pulp_href"], {"description": "y"}, nora)[0] == 200
    with_domains.python(LOOK)
    [about] = ask("north", "GET", "event-deliveries/?event_type=listener.changed", user=nora)[1]["results"]
    assert about["listener"] not in (None, north["pulp_href"]), "the administrator's listener hears of hers"
    assert ask("north", "GET", "event-deliveries/", user=nora)[1]["count"] == 2
    assert ask("south", "GET", "event-deliveries/?event_type=listener.changed")[1]["count"] == 0
