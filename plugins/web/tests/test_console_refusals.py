"""Pages that say no, or go on with what was typed, in a real Chromium: as clean as the others."""

import flask
import pytest

from pulp_events_web.access.sessions import COOKIE
from pulp_events_web.principal import Role

from .console_axe import axe, faults_of
from .console_browser import Person, served, token
from .console_site import HOSTILE, bus_at

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
REFUSED = (400, 403, 404, 409, 412, 413, 429, 503)


def refusing(app):
    """Any page with `?refuse=429` is refused so."""

    @app.before_request
    def refuse():
        if code := flask.request.args.get("refuse", type=int):
            flask.abort(code, f"It is refused, for {HOSTILE} and {'a-very-long-name.' * 12}")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with bus_at(tmp_path_factory.mktemp("data")) as bus, served(bus, refusing) as address:
        yield address, bus


def typed(person, name):
    person.open("/console/listeners/new/chat")
    person.type("Event types", "repo.#")
    person.type("Name", name)
    person.type("Server", HOSTILE)
    person.type("Password", "sesame1")


def test_pages_on_which_a_form_goes_on_are_clean_and_accessible(site, quiet):
    (address, bus), browser = site, quiet
    person, script, faults = Person(browser, address), axe(), {}
    secret = token(bus, "alice")
    browser.delete_all_cookies()
    person.log_in(secret)
    typed(person, "carried")
    browser.delete_cookie(COOKIE)
    person.press("Create")
    person.see("What you typed is kept")
    faults["login-carries"] = faults_of(browser, address, script)
    person.type("Token", secret)
    person.press("Log in")
    person.see("You are logged in")
    faults["resume"] = faults_of(browser, address, script)
    person.press("Go on with what you typed")
    person.see("Nothing was stored yet", "Type it again")
    faults["resumed"] = faults_of(browser, address, script)
    browser.delete_cookie(COOKIE)
    browser.execute_script("history.pushState({}, '', '/console/')")
    typed_page = browser.current_window_handle
    browser.switch_to.new_window("tab")
    person.log_in(secret)
    browser.close()
    browser.switch_to.window(typed_page)
    person.press("Create")
    person.see("This form is of an earlier session")
    faults["earlier-session"] = faults_of(browser, address, script)
    made = bus.listeners.create("chat", {"server": "a"}, ["repo.#"], name="short-lived")
    person.open(f"/console/listeners/{made.id}/edit")
    bus.listeners.delete(made.id)
    person.type("Description", HOSTILE)
    person.press("Store")
    person.see("Somebody deleted this listener")
    faults["deleted"] = faults_of(browser, address, script)
    person.open(f"/console/listeners/{made.id}")
    faults["gone"] = faults_of(browser, address, script)
    assert not {name: found for name, found in faults.items() if found}


def test_pages_that_refuse_are_clean_and_accessible(site, quiet):
    (address, bus), browser = site, quiet
    person, script, faults = Person(browser, address), axe(), {}
    browser.delete_all_cookies()
    person.log_in(token(bus, "victor", Role.VIEWER))
    for code in REFUSED:
        person.open(f"/console/?refuse={code}")
        person.see("It is refused", HOSTILE)
        faults[code] = faults_of(browser, address, script)
    person.open("/console/listeners/new")
    person.see("Forbidden")
    faults["role"] = faults_of(browser, address, script)
    person.press("Log out")
    for _ in range(11):
        person.type("Token", "wrong")
        person.press("Log in")
    person.see("Too many wrong tokens")
    faults["guessed-too-often"] = faults_of(browser, address, script)
    assert not {name: found for name, found in faults.items() if found}
