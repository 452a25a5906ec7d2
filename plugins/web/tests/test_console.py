"""The pages of the console, without a browser."""

import re

import pytest

from pulp_events.frozen import thaw
from pulp_events.outbox.records import DeliveryQuery
from pulp_events_web.console.forms.listener_form import version_of
from pulp_events_web.principal import Role

from .console_site import HOSTILE, act_as, app_of, bus_at, fill


@pytest.fixture
def bus(tmp_path):
    with bus_at(tmp_path) as bus:
        yield bus


@pytest.fixture
def app(bus):
    return app_of(bus)


@pytest.fixture
def client(app):
    return app.test_client()


def paths(bus, made, event):
    deliveries = bus.deliveries.list()
    return [
        "/console/", "/console/listeners", "/console/listeners/new", "/console/listeners/new/chat",
        *(f"/console/listeners/{each.id}" for each in made.values()), f"/console/listeners/{made['good'].id}/edit",
        f"/console/listeners/{made['good'].id}/delete", "/console/deliveries", "/console/deliveries?state=dead",
        *(f"/console/deliveries/{each.id}" for each in deliveries), "/console/events", f"/console/events/{event.id}",
        "/console/event-types", "/console/event-types/repo.sync.start", "/console/plugins", "/console/history",
    ]  # fmt: skip


def test_a_page_about_one_listener_asks_the_store_about_no_other(bus, client, monkeypatch):
    made, _ = fill(bus)

    def of_some_only(ask):
        def asked(listener_ids=None):
            assert listener_ids is not None, "all listeners are looked at"
            return ask(listener_ids)

        return asked

    for name in ("stats", "health"):
        monkeypatch.setattr(bus.outbox, name, of_some_only(getattr(bus.outbox, name)))
    good = made["good"].id
    for path in (
        "/console/listeners", f"/console/listeners/{good}", f"/console/listeners/{good}/delete", "/api/v1/listeners",
        f"/api/v1/listeners/{good}", f"/api/v1/stats?listener={good}",
        f"/api/v1/stats?listener={good}&since=2026-01-01T00:00:00Z",
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text)


def test_each_page_says_what_is_hostile_as_text_and_has_no_inline_script_or_style(bus, client):
    made, event = fill(bus)
    for path in paths(bus, made, event):
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert "window.ran = 1</script>" not in answer.text and "<img" not in answer.text, path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|<script(?! src=\"/console/static/)", answer.text), path
        assert not re.search(r"(?:src|href|action)=\"(?!/|#)", answer.text), path
        assert "sesame1" not in answer.text, path
        assert "'self'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_pages_of_an_empty_bus_say_the_next_step(client):
    assert "Create the first" in client.get("/console/").text
    assert "Create the first" in client.get("/console/listeners").text
    for page in ("deliveries", "events", "history"):
        assert 'class="empty"' in client.get(f"/console/{page}").text


def test_overview_names_who_fails(bus, client):
    fill(bus)
    text = client.get("/console/").text
    assert "<svg" in text and ">bad</a>" in text and "500 &lt;script&gt;" in text


def test_search_and_labels_choose_listeners_and_secrets_cannot_be_searched(bus, client):
    fill(bus)
    found = lambda query: set(re.findall(r">(good|bad|gone)</a>", client.get(f"/console/listeners?{query}").text))  # noqa: E731
    assert found("q=chat.example") == {"good"}
    assert found("label=team%3Dops") == {"good"}
    assert found("state=failing") == {"bad", "gone"}
    assert found("q=sesame1") == set()


def test_filters_of_deliveries_are_in_the_url_and_pages_follow_each_other(bus, client):
    fill(bus)
    assert "bad</a>" not in client.get("/console/deliveries?state=dead").text.split("<tbody>")[1]
    good = bus.listeners.get("good")
    bus.listeners.delete("bad")
    for _ in range(55):
        bus.emit("repo.sync.finish", {})
    seen, path = [], f"/console/deliveries?listener={good.id}"
    while path:
        text = client.get(path).text
        seen += re.findall(r'href="/console/deliveries/([^"?]+)"', text)
        older = re.search(r'rel="next" href="([^"]+)"', text)
        path = older and older[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == bus.deliveries.count(DeliveryQuery(listener_id=good.id)) == 56
    refused = client.get("/console/deliveries?since=yesterday")
    assert refused.status_code == 422 and "is not a time" in refused.text


def test_a_delivery_tells_of_each_attempt_and_the_next(bus, client):
    made, _ = fill(bus)
    [pending] = bus.deliveries.list(DeliveryQuery(listener_id=made["bad"].id))
    text = client.get(f"/console/deliveries/{pending.id}").text
    assert "Attempt 1" in text and "Next attempt:" in text and "retry" in text
    [dead] = bus.deliveries.list(DeliveryQuery(listener_id=made["gone"].id))
    assert "Given up" in client.get(f"/console/deliveries/{dead.id}").text
    assert client.post(f"/console/deliveries/{dead.id}/retry").status_code == 303
    assert bus.deliveries.get(dead.id).state == "pending" or len(bus.deliveries.attempts(dead.id)) > 1


def test_an_event_says_why_it_went_where(bus, client):
    fill(bus)
    event = bus.emit("repo.sync.start", {"repo_id": "x"})
    text = client.get(f"/console/events/{event.id}").text
    assert re.search(r"gone</a></th><td data-label=\"Gets it\"><span class=\"state no\">no</span>", text)


def form_of(client, path):
    """What a browser would send of the form, untouched."""
    text = client.get(path).text
    part = text[text.index('class="edit"') :]
    found = dict(re.findall(r'<input type="(?:hidden|text)"[^>]*? name="([^"]+)" value="([^"]*)"', part))
    found.update(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', part))
    for name, value in re.findall(r'<textarea[^>]*? name="([^"]+)"[^>]*>\n([^<]*)</textarea>', part):
        found[name] = value
    return found


def test_a_third_partys_schema_becomes_a_form_that_creates(bus, client):
    path = "/console/listeners/new/chat"
    text = client.get(path).text
    for name in ChatFields:
        assert f'name="config.{name}"' in text
    answer = client.post(path, data={
        "event_types": "repo.sync.*\nrepo.publish.*", "name": "new", "labels": "team=ops", "lanes": "2",
        "retry_schedule": "5s, 1m", "config.server": "chat.example", "config.password": "sesame1",
        "config.retries": "3", "config.bold": "yes", "config.rooms": "a\nb", "config.extra": '{"k": [1]}',
    })  # fmt: skip
    assert answer.status_code == 303, answer.text
    made = bus.listeners.get("new")
    assert thaw(made.notifier_config) == {
        "server": "chat.example", "password": "sesame1", "retries": 3, "bold": True, "rooms": ["a", "b"],
        "extra": {"k": [1]},
    }  # fmt: skip
    assert made.lanes == 2 and made.retry_schedule == (5.0, 60.0) and made.labels == {"team": "ops"}


ChatFields = ("server", "password", "tone", "retries", "bold", "rooms", "extra", "place", "motto", "key_file")


def test_what_is_wrong_is_beside_its_field_and_what_was_typed_is_kept(bus, client):
    answer = client.post("/console/listeners/new/chat", data={
        "event_types": "nothing.such", "name": HOSTILE, "lanes": "many", "config.server": "", "config.password": "abc",
        "config.retries": "12", "config.extra": "{", "config.motto": "kept",
    })  # fmt: skip
    assert answer.status_code == 422 and not bus.listeners.list()
    for field in ("name", "lanes", "config-extra"):
        assert f'id="f-{field}-error"' in answer.text, field
    assert 'value="many"' in answer.text and "kept</textarea>" in answer.text and 'value="abc"' not in answer.text
    answer = client.post("/console/listeners/new/chat", data={
        "event_types": "repo.#", "config.password": "abc", "config.retries": "12"
    })  # fmt: skip
    for field in ("server", "password", "retries"):
        assert f'id="f-config-{field}-error"' in answer.text, field


def test_a_form_sent_back_untouched_changes_nothing(bus, client):
    place = {"room": "a", "pin": "4711"}
    config = {"server": "https://u:geheim@chat.example/", "password": "sesame1", "rooms": ["a"], "place": place}
    made = bus.listeners.create("chat", config, ["repo.#"], labels={"a": "b"}, timeout=90.0, retry_schedule=[5, 60])
    path = f"/console/listeners/{made.id}/edit"
    assert "geheim" not in client.get(path).text and "4711" not in client.get(path).text
    answer = client.post(path, data=form_of(client, path))
    assert answer.status_code == 303, answer.text
    assert bus.listeners.get(made.id) == made


def test_a_secret_is_replaced_kept_or_removed(bus, client):
    made = bus.listeners.create("chat", {"server": "a", "password": "sesame1"}, ["repo.#"])
    path = f"/console/listeners/{made.id}/edit"
    password = lambda **typed: (  # noqa: E731
        client.post(path, data={**form_of(client, path), **{k.replace("__", "."): v for k, v in typed.items()}}),
        bus.listeners.get(made.id).notifier_config.get("password"),
    )[1]
    assert password() == "sesame1"
    assert password(config__password="another") == "another"
    assert password(config__password="***") == "another"
    assert password(config__password="env:CHAT") == {"$env": "CHAT"}
    assert password(remove__password="yes") is None


def test_two_who_change_one_listener_see_the_conflict(bus, client):
    made = bus.listeners.create("chat", {"server": "a"}, ["repo.#"], name="mine")
    path = f"/console/listeners/{made.id}/edit"
    shown = form_of(client, path)
    bus.listeners.by("bob").update(made.id, {"server": "bobs"})
    answer = client.post(path, data={**shown, "description": "typed by alice"})
    assert answer.status_code == 409 and "bobs" in answer.text and "typed by alice" in answer.text
    assert bus.listeners.get(made.id).description is None
    again = {**shown, "description": "typed by alice", "version": version_of(bus.listeners.get(made.id))}
    assert client.post(path, data=again).status_code == 303
    assert bus.listeners.get(made.id).description == "typed by alice"


def test_a_message_is_previewed_and_nothing_stored(bus, client):
    event = bus.emit("repo.sync.start", {})
    data = {"event_types": "repo.#", "config.server": "a", "config.motto": HOSTILE, "action": "preview",
            "preview_event": event.id}  # fmt: skip
    answer = client.post("/console/listeners/new/chat", data=data)
    assert answer.status_code == 200 and "&lt;script&gt;" in answer.text and ": repo.sync.start" in answer.text
    assert not bus.listeners.list()


def test_buttons_do_what_they_say(bus, client):
    made = bus.listeners.create("chat", {"server": "bad.example"}, ["repo.#"])
    do = lambda what, **data: client.post(f"/console/listeners/{made.id}/{what}", data=data)  # noqa: E731
    assert "500 &lt;script&gt;" in do("test").text
    assert do("mute", **{"for": "1h", "reason": "work"}).status_code == 303
    assert bus.listeners.get(made.id).mute_reason == "work"
    assert do("mute", **{"for": "soon"}).status_code == 422
    do("unmute")
    assert bus.listeners.get(made.id).muted_until is None
    do("disable")
    assert not bus.listeners.get(made.id).enabled
    do("enable")
    assert bus.listeners.get(made.id).enabled
    do("delete")
    assert not bus.listeners.list()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_what_a_role_may_not_do_is_neither_offered_nor_done(bus, app, client, role):
    made, _ = fill(bus)
    act_as(app, role)
    page = f"/console/listeners/{made['good'].id}"
    text = client.get(page).text + client.get("/console/listeners").text + client.get("/console/").text
    assert "/edit" not in text and "/delete" not in text and "/new" not in text
    assert ("Send a test" in text) == (role == Role.OPERATOR)
    for path in ("/edit", "/delete"):
        assert client.get(page + path).status_code == client.post(page + path).status_code == 403
    assert client.get("/console/listeners/new").status_code == 403
    status = client.post(page + "/test").status_code
    assert status == (200 if role == Role.OPERATOR else 403)


def test_who_is_not_trusted_is_offered_no_field_of_the_machine_and_no_listener_of_it(bus, app, client):
    made, _ = fill(bus)
    act_as(app, Role.ADMIN, trusted=False)
    text = client.get("/console/listeners/new/chat").text
    assert "config.key_file" not in text and 'name="scope"' not in text
    page = f"/console/listeners/{made['good'].id}"
    assert "/edit" not in client.get(page).text
    refused = client.get(page + "/edit")
    assert refused.status_code == 403 and "not trusted" in refused.text


def test_what_is_not_there_is_a_page_and_not_a_problem_document(client):
    for path in ("/nothing", "/listeners/0123456789abcdef01234567", "/deliveries/x", "/events/x", "/event-types/x"):
        answer = client.get("/console" + path)
        assert answer.status_code == 404 and "<h1>" in answer.text, path
        near = f'<a href="/console{path.rpartition("/")[0]}">All '  # a way on
        assert (near in answer.text) is (path != "/nothing") and ("says by whom" in answer.text) is ("listen" in path)


def test_each_form_that_posts_has_a_token(bus, app, client):
    app.jinja_env.globals["csrf_token"] = lambda: "TOKEN"
    made, event = fill(bus)
    for path in paths(bus, made, event):
        for form in re.findall(r'<form[^>]*method="post".*?</form>', client.get(path).text, re.DOTALL):
            assert 'name="csrf_token"' in form, path


def test_listeners_come_a_page_at_a_time_after_search_and_labels(bus, client):
    with bus.listeners.together() as several:
        for number in range(130):
            team = "even" if number % 2 == 0 else "odd"
            several.create("chat", {"server": "a"}, ["repo.#"], name=f"each-{number:03}", labels={"team": team})
    seen, path = [], "/console/listeners?label=team%3Deven&q=each-"
    while path:
        text = client.get(path).text
        assert "65 of 130 fit" in text
        seen += re.findall(r">each-<wbr>(\d+)</a>", text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        path = following and following[1].replace("&amp;", "&")
    assert seen == [f"{number:03}" for number in range(0, 130, 2)]
    assert len(re.findall(r"<th scope=\"row\"", client.get("/console/listeners?page=3").text)) == 30
    assert ">each-<wbr>129</a>" in client.get("/console/listeners?page=99999").text  # the last one that there is
    assert (
        client.get("/console/event-types/repo.sync.start?page=2").text.count('<li><a href="/console/listeners/') == 50
    )


def test_a_page_of_one_does_not_look_at_all_listeners(bus, client, monkeypatch):
    made, _ = fill(bus)

    def refuse(*_, **__):
        raise AssertionError("all listeners were asked for")

    deliveries = bus.deliveries.list()
    monkeypatch.setattr(type(bus.listeners), "list", refuse)
    one = f"/console/listeners/{made['good'].id}"
    for path in (one, one + "/edit", one + "/delete", *(f"/console/deliveries/{each.id}" for each in deliveries)):
        assert client.get(path).status_code == 200, path


def test_why_listeners_got_an_event_comes_a_page_at_a_time_those_first_that_did(bus, client):
    with bus.listeners.together() as several:
        for number in range(60):
            several.create("chat", {"server": "a"}, ["repo.#"], filter="payload.repo_id == 'x'", name=f"no-{number}")
    yes = bus.listeners.create("chat", {"server": "a"}, ["repo.#"], name="yes")
    event = bus.emit("repo.sync.start", {"repo_id": "y"})
    first, second = (client.get(f"/console/events/{event.id}?page={number}").text for number in (1, 2))
    assert f'/console/listeners/{yes.id}"' in first.split("<tbody>")[1].split("</tr>")[0]
    assert (first.count('<tr><th scope="row"'), second.count('<tr><th scope="row"')) == (50, 11)


def test_a_retry_of_many_ends_in_time_and_says_how_many_are_left(bus, client, monkeypatch):
    listener = bus.listeners.create("chat", {"server": "gone.example"}, ["repo.#"], name="gone")
    for _ in range(5):
        bus.emit("repo.sync.start", {"repo_id": "a"})
    bus.listeners.update(listener.id, {"server": "chat.example"})
    monkeypatch.setattr("pulp_events.bus.deliveries.PAGE", 2)
    monkeypatch.setattr("pulp_events_web.console.pages.retries.LONGEST", 0.0)
    form = {"state": "dead", "listener": "gone"}
    answer = client.post("/console/deliveries/retry", data=form, follow_redirects=True)
    assert "2 deliveries are in line again. 3 are left" in answer.text and "Retry all dead ones that fit" in answer.text
    monkeypatch.setattr("pulp_events_web.console.pages.retries.LONGEST", 60.0)
    answer = client.post("/console/deliveries/retry", data=form, follow_redirects=True)
    assert "3 deliveries are in line again." in answer.text and "left" not in answer.text
    assert not bus.deliveries.count(DeliveryQuery(state="dead"))


def test_filters_that_fit_nothing_are_named_and_none_is_an_error_of_the_server(client):
    for query in (
        "state=lost",
        "listener=nobody",
        "event_type=..",
        "before=nothing.0",
        "until=soon",
        "notifier_type=x",
    ):
        answer = client.get(f"/console/deliveries?{query}")
        assert answer.status_code in (200, 404, 422) and "<h1>" in answer.text, query
    for query in ("event_type=..", "before=x", "since=soon", "scope=x", "id_prefix=%25"):
        assert client.get(f"/console/events?{query}").status_code in (200, 422), query
    assert client.post("/console/deliveries/retry", data={"since": "soon"}).status_code == 422


def test_who_was_logged_out_meanwhile_is_told_so_by_a_page(bus, app):
    app.before_request_funcs[None] = []
    client = app.test_client()
    made = bus.listeners.create("chat", {"server": "a"}, ["repo.#"])
    path = f"/console/listeners/{made.id}/edit"
    answer = client.post(path, data={"name": "x"})
    assert answer.status_code == 401 and "Log in" in answer.text and answer.mimetype == "text/html"
    answer = client.get(path)
    assert answer.status_code == 303 and answer.location.startswith("/login?next=")


def test_the_console_works_below_a_prefix(bus, client):
    made, _ = fill(bus)
    for path in ("/console/", f"/console/listeners/{made['good'].id}", "/console/deliveries", "/console/nothing"):
        text = client.get(path, environ_overrides={"SCRIPT_NAME": "/events"}).text
        assert not re.findall(r'(?:href|src|action|data-tail)="(?!/events/|#|\?)[^"]*"', text), path
    assert (
        client.get("/console/deliveries", environ_overrides={"SCRIPT_NAME": "/events"}).text.count("aria-current") == 1
    )
