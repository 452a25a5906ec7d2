"""Who may see and do what: roles, other users' listeners, administrators' listeners."""

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # a Pulp is started

ACTIONS = [
    ("GET", "", None), ("PATCH", "", {"description": "x"}), ("DELETE", "", None), ("POST", "test/", None),
    ("POST", "mute/", {"seconds": 60}), ("POST", "unmute/", None), ("POST", "retry/", {}), ("GET", "deliveries/", None),
    ("GET", "history/", None), ("GET", "list_roles/", None),
    ("POST", "add_role/", {"role": "events.eventlistener_owner", "users": []}),
]  # fmt: skip
READ = ("deliveries/", "history/")


def test_who_makes_a_listener_owns_it_and_others_do_not_see_it(alice, user, sink):
    href = alice.create(sink.url).body["pulp_href"]
    assert alice("GET", f"{href}my_permissions/").body["permissions"]
    bob = user("events.eventlistener_creator")
    for method, path, body in ACTIONS:
        assert bob(method, href + path, body).status == 404, (method, path)
    assert bob("GET", "event-listeners/").body["count"] == 0
    assert bob("GET", "event-deliveries/").body["count"] == 0
    assert alice("GET", href).body["description"] is None
    for method, path, body in ACTIONS[3:10]:
        assert alice(method, href + path, body).status == 200, (method, path)


def test_a_role_gives_what_it_says_and_no_more(alice, user, sink):
    href = alice.create(sink.url).body["pulp_href"]
    carol = user()
    given = alice("POST", f"{href}add_role/", {"role": "events.eventlistener_viewer", "users": [carol.name]})
    assert given.status == 201, given.body
    assert carol("GET", href).status == 200
    assert [carol("GET", href + path).status for path in READ] == [200, 200]
    for method, path, body in [each for each in ACTIONS[1:] if each[1] not in READ]:
        assert carol(method, href + path, body).status == 403, (method, path)
    assert carol.create(sink.url).status == 403
    alice("POST", f"{href}add_role/", {"role": "events.eventlistener_owner", "users": [carol.name]})
    changed = carol("PATCH", href, {"description": "by carol"})
    assert changed.status == 200 and changed.body["author"] == alice.name
    assert carol("DELETE", href).status == 204


def test_nobody_sees_anything_without_logging_in(pulp):
    import requests

    for path in ("event-listeners/", "event-deliveries/", "event-notifiers/", "event-types/"):
        assert requests.get(f"{pulp.url}/pulp/api/v3/{path}", timeout=20).status_code in (401, 403), path


def test_the_superuser_is_no_administrator_of_the_machine(admin, sink):
    refused = [
        admin.create(sink.url, config={"token": {"$file": "/etc/passwd"}}),
        admin.create(sink.url, config={"token": {"$env": "HOME"}}),
        admin.create(sink.url, config={"ca_path": "/etc/passwd"}),
        admin.create("http://169.254.169.254/latest"),
        admin.create("http://10.0.0.1/"),
    ]
    assert [each.status for each in refused] == [400] * 5
    assert all("notifier_config" in each.body for each in refused)


def test_an_administrators_listener_is_shown_and_not_changed(admin, alice, pulp, sink, name):
    pulp.pulp_admin(
        "listener",
        "http",
        "create",
        "--event-type=repo.sync.*",
        f"--url={sink.url}",
        f"--name={name}",
        "--token=abc123",
    )
    [found] = admin("GET", f"event-listeners/?name={name}").body["results"]
    assert found["author"] is None and {"name": "token", "is_set": True} in found["hidden_fields"]
    for method, path, body in ACTIONS[1:7]:
        assert admin(method, found["pulp_href"] + path, body).status == 403, (method, path)
    assert alice("GET", found["pulp_href"]).status == 404
    pulp.pulp_admin("listener", "delete", f"--listener-id={name}", "--yes")
