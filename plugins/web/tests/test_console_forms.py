"""What was typed into a form of the console is not lost, and nothing is stored that was not meant."""

import html
import re
import time

import pytest

from pulp_events.errors import StoreError
from pulp_events.listeners.actor import Author
from pulp_events_web import create_app
from pulp_events_web.access.store import AccessStore
from pulp_events_web.access.tokens import Tokens
from pulp_events_web.principal import Role

from .console_site import act_as, app_of, bus_at

NEW = "/console/listeners/new/chat"


@pytest.fixture
def bus(tmp_path):
    with bus_at(tmp_path, untrusted={"notifier_types": "chat"}) as bus:
        yield bus


@pytest.fixture
def app(bus):
    return app_of(bus)


@pytest.fixture
def client(app):
    return app.test_client()


def inputs(text):
    """Names and values of the last form, as a browser sends them: lines, boxes that are ticked, texts, choices."""
    part, found = text[text.rindex("<form") :], {}
    for tag in re.findall(r"<input[^>]*>", part):
        name, value = (re.search(rf' {key}="([^"]*)"', tag) for key in ("name", "value"))
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            found[name[1]] = html.unescape(value[1]) if value else ""
    for name, value in re.findall(r'<textarea[^>]*? name="([^"]+)"[^>]*>\n([^<]*)</textarea>', part):
        found[name] = html.unescape(value)
    for name, options in re.findall(r'<select[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', part, re.DOTALL):
        chosen = re.search(r"<option[^>]* selected>([^<]*)", options)
        found[name] = chosen[1] if chosen else ""
    return found


def fill_in(client, path=NEW, **typed):
    """The form of a page with this typed into it."""
    return {**inputs(client.get(path).text), **{name.replace("__", "."): text for name, text in typed.items()}}


TYPED = {"event_types": "repo.#", "name": "mine", "config__server": "chat.example", "config__password": "sesame1"}


def test_help_speaks_of_the_form_also_where_its_author_thought_of_a_command_line(client):
    text = client.get(NEW).text
    assert "Rooms to write to. One in each line." in text and ">\na\nb" not in text and 'placeholder="a\nb"' in text
    assert "List of days." in text and "as the command line has it" not in text
    for type_id in ("email", "http", "apprise", "amqp"):
        told = " ".join(re.findall(r'class="help"[^>]*>([^<]*)', client.get(f"/console/listeners/new/{type_id}").text))
        assert told and not re.search(r"comma|repeated|rotate-secret|show-secret|include spaces", told), type_id


def test_a_list_of_few_values_is_boxes_and_keeps_what_is_none_of_them(bus, client):
    made = bus.listeners.create("chat", {"server": "a", "days": ["friday", "monday"]}, ["repo.#"], name="boxes")
    path = f"/console/listeners/{made.id}/edit"
    sent = fill_in(client, path)
    boxes = re.findall(r'name="config.days" value="(\w+)"( checked)?', client.get(path).text)
    assert boxes == [("monday", " checked"), ("tuesday", ""), ("friday", " checked")]
    client.post(path, data={**sent, "config.days": ["monday", "friday"]})
    assert bus.listeners.get("boxes").notifier_config["days"] == ["friday", "monday"]  # untouched: as it was stored
    client.post(path, data={**fill_in(client, path), "config.days": ["tuesday", "friday"]})
    assert bus.listeners.get("boxes").notifier_config["days"] == ["tuesday", "friday"]
    client.post(path, data={**fill_in(client, path), "config.days": []})
    assert "days" not in bus.listeners.get("boxes").notifier_config
    refused = client.post(path, data={**fill_in(client, path), "config.days": ["sunday", "friday"]})
    assert refused.status_code == 422 and 'value="sunday" checked' in refused.text


def test_addresses_may_be_typed_in_lines_or_with_commas(bus, client):
    path = "/console/listeners/new/email"
    typed = {"event_types": "repo.#", "name": "mail", "config__subject": "x"}
    client.post(path, data=fill_in(client, path, **typed, config__addresses="a@a.example, b@a.example\nc@a.example"))
    assert bus.listeners.get("mail").notifier_config["addresses"] == ["a@a.example", "b@a.example", "c@a.example"]


class Clerk:
    """Somebody with a token and a session that can end, with CSRF tokens."""

    def __init__(self, bus):
        self.app = create_app(bus)
        self.token, _ = Tokens(AccessStore(bus.data_dir), time.time).create("alice", Role.ADMIN, None, trusted=True)
        self.client = self.app.test_client()
        self.log_in()

    def log_in(self):
        form = inputs(self.client.get("/login").text)
        return self.client.post("/login", data={**form, "token": self.token})


def test_what_was_typed_outlives_the_session_but_for_secrets(bus):
    clerk = Clerk(bus)
    form = fill_in(clerk.client, **TYPED, description='long "text"\nof two lines')
    clerk.client.delete_cookie("pulp_events_session")
    out = clerk.client.post(NEW, data=form)
    assert out.status_code == 401 and "What you typed is kept" in out.text and "sesame1" not in out.text
    wrong = clerk.client.post("/login", data={**inputs(out.text), "token": "wrong"})
    assert wrong.status_code == 403
    on = clerk.client.post("/login", data={**inputs(wrong.text), "token": clerk.token})
    assert on.status_code == 200 and f'action="{NEW}"' in on.text and "sesame1" not in on.text
    page = clerk.client.post(NEW, data={**inputs(on.text), "action": "resume"})
    back = inputs(page.text)
    assert page.status_code == 200 and not bus.listeners.list()
    assert (back["name"], back["description"]) == ("mine", 'long "text"\nof two lines') and "Type it again" in page.text
    assert clerk.client.post(NEW, data={**back, "config.password": "sesame1"}).status_code == 303
    assert bus.listeners.get("mine").notifier_config["password"] == "sesame1"


def test_a_form_of_an_earlier_session_goes_on_in_the_new_one(bus):
    clerk = Clerk(bus)
    form = fill_in(clerk.client, **TYPED)
    clerk.client.delete_cookie("pulp_events_session")
    clerk.log_in()  # in another tab
    answer = clerk.client.post(NEW, data=form)
    assert answer.status_code == 400 and not bus.listeners.list() and "sesame1" not in answer.text
    page = clerk.client.post(NEW, data={**inputs(answer.text), "action": "resume"})
    assert page.status_code == 200 and inputs(page.text)["name"] == "mine" and not bus.listeners.list()


def test_what_a_page_elsewhere_sends_is_not_carried(bus):
    clerk = Clerk(bus)
    form = fill_in(clerk.client, **TYPED)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://elsewhere.example"}):
        answer = clerk.app.test_client().post(NEW, data=form, headers=headers)
        assert answer.status_code == 401 and "chat.example" not in answer.text, headers
    assert clerk.client.post(NEW, data={**form, "csrf_token": "x", "keeps": ""}).text.count("chat.example") == 0


@pytest.mark.parametrize("button", ["test", "mute", "enable"])
def test_a_button_leads_after_the_login_to_the_page_on_which_it_was(bus, button):
    made = bus.listeners.create("chat", {"server": "a"}, ["repo.#"])
    answer = create_app(bus).test_client().post(f"/console/listeners/{made.id}/{button}")
    assert answer.status_code == 401 and f'name="next" value="/console/listeners/{made.id}"' in answer.text


def test_a_listener_that_was_deleted_meanwhile_can_become_a_new_one(bus, client):
    made = bus.listeners.create("chat", {"server": "a"}, ["repo.#"])
    form = fill_in(client, f"/console/listeners/{made.id}/edit", description="typed")
    bus.listeners.delete(made.id)
    answer = client.post(f"/console/listeners/{made.id}/edit", data=form)
    assert answer.status_code == 409 and "deleted this listener" in answer.text and f'action="{NEW}"' in answer.text
    assert client.post(NEW, data=inputs(answer.text)).status_code == 303
    assert [each.description for each in bus.listeners.list()] == ["typed"]


def test_what_the_store_refuses_does_not_cost_what_was_typed(bus, client, monkeypatch):
    form = fill_in(client, **TYPED)

    def fail(*_, **__):
        raise StoreError("disk /secret/path is full")

    monkeypatch.setattr(type(bus.listeners), "create", fail)
    answer = client.post(NEW, data=form)
    assert answer.status_code == 503 and inputs(answer.text)["name"] == "mine" and "/secret/path" not in answer.text


@pytest.mark.parametrize("action", ["store", "preview"])
def test_a_secret_that_is_not_sent_back_is_asked_for_again_and_not_left_out_silently(bus, client, action):
    bus.emit("repo.sync.start", {})
    wrong = {"config__retries": "12"} if action == "store" else {}
    page = client.post(NEW, data={**fill_in(client, **TYPED, **wrong), "action": action})
    assert "Type it again" in page.text and "sesame1" not in page.text
    form = {**inputs(page.text), "config.retries": "3", "action": "store"}
    refused = client.post(NEW, data=form)
    assert refused.status_code == 422 and 'id="f-config-password-error"' in refused.text and not bus.listeners.list()
    assert client.post(NEW, data={**inputs(refused.text), "without.password": "yes"}).status_code == 303
    assert "password" not in bus.listeners.get("mine").notifier_config


def test_a_new_secret_that_was_lost_is_not_said_to_be_the_stored_one(bus, client):
    made = bus.listeners.create("chat", {"server": "a", "password": "before1"}, ["repo.#"])
    path = f"/console/listeners/{made.id}/edit"
    page = client.post(path, data=fill_in(client, path, config__password="newer12", config__retries="12"))
    assert "Type it again" in page.text and "One is stored. Leave it empty to keep it" not in page.text
    assert client.post(path, data={**inputs(page.text), "config.retries": ""}).status_code == 422
    kept = {**inputs(page.text), "config.retries": "", "without.password": "yes"}
    assert client.post(path, data=kept).status_code == 303
    assert bus.listeners.get(made.id).notifier_config["password"] == "before1"


def test_all_faults_are_told_at_once_each_with_a_link(bus, client):
    bus.listeners.create("chat", {"server": "a"}, ["repo.#"], name="mine")
    path = f"/console/listeners/{bus.listeners.create('chat', {'server': 'a'}, ['repo.#']).id}/edit"
    wrong = {
        "event_types": "nothing.such", "name": "mine", "labels": "odd", "lanes": "many", "config__extra": "{",
        "config__retries": "12", "config__password": "abc",
    }  # fmt: skip
    for each in (NEW, path):
        answer = client.post(each, data=fill_in(client, each, **wrong))
        top = answer.text[answer.text.index('id="faults"') : answer.text.index("<form class")]
        for name in wrong:
            control = "f-" + name.replace("__", "-")
            assert f'id="{control}-error"' in answer.text and f'<a href="#{control}">' in top, (each, name)
        assert "<title>Not stored: " in answer.text and "autofocus" in top


def test_who_is_not_trusted_is_offered_only_types_that_are_stored(bus, app, client):
    act_as(app, Role.ADMIN, trusted=False)
    listed = client.get("/console/listeners/new").text
    assert f'href="{NEW}"' in listed and "/new/email" not in listed and "untrusted author cannot have email" in listed
    assert client.get("/console/listeners/new/email").status_code == 403
    assert "are for trusted authors" in client.get(NEW).text  # the field that is a template
    refused = client.post(NEW, data=fill_in(client, event_types="repo.#", config__server="a", config__motto="{{ x }}"))
    assert refused.status_code == 422 and 'id="f-config-motto-error"' in refused.text


def test_what_untrusted_authors_may_not_have_does_not_cost_what_was_typed(bus, app, client):
    act_as(app, Role.ADMIN, trusted=False)
    for number in range(10):
        bus.listeners.by(Author("alice", trusted=False)).create("chat", {"server": str(number)}, ["repo.#"])
    answer = client.post(NEW, data=fill_in(client, event_types="repo.#", config__server="the.eleventh"))
    assert answer.status_code in (403, 422) and inputs(answer.text)["config.server"] == "the.eleventh"


def test_why_a_listener_cannot_be_edited_is_said(bus, app, client):
    made = bus.listeners.create("chat", {"server": "a"}, ["repo.#"])
    act_as(app, Role.ADMIN, trusted=False)
    assert "Only trusted administrators edit or delete it" in client.get(f"/console/listeners/{made.id}").text


def test_storing_after_a_conflict_keeps_what_only_the_other_changed(bus, client):
    made = bus.listeners.create("chat", {"server": "a", "bold": True}, ["repo.#"], name="mine", labels={"a": "b"})
    path = f"/console/listeners/{made.id}/edit"
    form = fill_in(client, path, description="by alice", labels="a=alice")
    theirs = {"server": "bobs", "bold": False, "rooms": ["new"]}
    bus.listeners.by("bob").update(made.id, theirs, ["repo.sync.*"], labels={"a": "bob"}, lanes=3)
    answer = client.post(path, data=form)
    assert answer.status_code == 409 and 'id="f-labels-theirs"' in answer.text
    assert 'id="f-description-theirs"' not in answer.text
    assert client.post(path, data=inputs(answer.text)).status_code == 303
    found = bus.listeners.get(made.id)
    assert (found.description, found.labels, found.lanes) == ("by alice", {"a": "alice"}, 3)
    assert found.event_types == ("repo.sync.*",) and found.notifier_config["server"] == "bobs"
    assert found.notifier_config["bold"] is False and [*found.notifier_config["rooms"]] == ["new"]
