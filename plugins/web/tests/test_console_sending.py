"""Forms in a real Chromium, as they are sent: once, and not where the server would not take them."""

import time

import flask
import pytest

from .console_browser import Person, served
from .console_site import act_as, bus_at

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
TWICE = """
const button = document.querySelector(".actions button");
button.click();
setTimeout(() => button.click(), 100);
"""


def slow(app):
    """What is stored takes long enough for its button to be pressed again."""
    act_as(app)
    app.before_request(lambda: time.sleep(0.5) if flask.request.form.get("action") == "store" else None)


@pytest.fixture
def bus(tmp_path):
    with bus_at(tmp_path) as bus:
        yield bus


@pytest.fixture
def person(bus, browser):
    with served(bus, slow) as address:
        person = Person(browser, address)
        person.open("/console/listeners/new/chat")
        person.type("Event types", "repo.#")
        person.type("Server", "chat.example")
        yield person


def test_a_form_whose_button_is_pressed_twice_is_sent_once(bus, person):
    person.browser.execute_script(TWICE)
    person.see("is created")
    time.sleep(0.7)  # another one would be stored by now
    assert len(bus.listeners.list()) == 1


def test_a_form_can_be_sent_again_after_going_back(bus, person):
    person.press("Create")
    person.see("is created")
    person.browser.back()
    person.see("New chat listener")
    person.type("Event types", "repo.#")
    person.type("Server", "other.example")
    person.press("Create")
    person.see("is created", "other.example")
    assert len(bus.listeners.list()) == 2


def test_what_is_too_large_to_be_sent_stays_in_its_form(bus, person):
    person.browser.execute_script("arguments[0].value = 'x'.repeat(2 << 20)", person.field("Description"))
    person.browser.find_element("css selector", ".actions button").click()
    person.see("too large to be sent", "Shorten it")
    person.type("Description", "short")
    person.press("Create")
    person.see("is created", "short")
    assert len(bus.listeners.list()) == 1
