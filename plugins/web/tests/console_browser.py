"""A real Chromium, a real server, and what a person does there: reads, types, presses."""

import contextlib
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="pip install selenium axe-core-python; apt install chromium-driver")

from selenium import webdriver  # noqa: E402
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

from pulp_events_web import create_app  # noqa: E402
from pulp_events_web.access.listening import Address  # noqa: E402
from pulp_events_web.access.store import AccessStore  # noqa: E402
from pulp_events_web.access.tokens import Tokens  # noqa: E402
from pulp_events_web.commands.server import Server  # noqa: E402
from pulp_events_web.context import stopping  # noqa: E402
from pulp_events_web.principal import Role  # noqa: E402

PATIENCE = 30.0


@contextlib.contextmanager
def served(bus, prepare=lambda app: None):
    """The address of the server as `pulp-admin event web` runs it, in a thread."""
    app = create_app(bus, {"requests": "100000/s"})
    prepare(app)
    stop = threading.Event()
    server = Server(app, Address("127.0.0.1", 0), app.extensions["pulp_events_web"].settings)

    def ending():
        if stop.is_set():
            stopping(app)
        return stop.is_set()

    thread = threading.Thread(target=server.run, args=(ending, 5.0, 0.05))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        stop.set()
        thread.join(20)


def token(bus, name="alice", role=Role.ADMIN, trusted=True):
    """What somebody logs in with."""
    return Tokens(AccessStore(bus.data_dir), time.time).create(name, role, None, trusted=trusted)[0]


def start(*arguments, javascript=True):
    """A browser; the test is skipped where there is none."""
    if not Path("/usr/bin/chromedriver").exists() or not Path("/usr/bin/chromium").exists():
        pytest.skip("apt install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for each in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,900", *arguments):
        options.add_argument(each)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    if not javascript:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))


class Person:
    """Somebody at a browser. Whatever is looked for is waited for."""

    def __init__(self, browser, address):
        self.browser, self.address = browser, address

    def until(self, what):
        """Its result, once it is true."""
        waiting = WebDriverWait(self.browser, PATIENCE, 0.05, [StaleElementReferenceException])
        return waiting.until(lambda _: what())

    def log_in(self, secret):
        self.open("/login")
        self.type("Token", secret)
        self.press("Log in")
        self.see("Overview")

    def open(self, path):
        self.browser.get(self.address + path)

    @property
    def text(self):
        return self.browser.find_element(By.TAG_NAME, "body").text

    def see(self, *texts):
        """Wait until the page says all of these."""
        self.until(lambda: all(each in self.text for each in texts))

    def field(self, label):
        """The control of a label, as a person finds it."""
        found = [
            each for each in self.browser.find_elements(By.TAG_NAME, "label")
            if each.text.lower().removesuffix(" (required)").strip() == label.lower()
        ]  # fmt: skip
        assert len(found) == 1, (label, len(found), self.text)
        wanted = found[0].get_attribute("for")
        return self.browser.find_element(By.ID, wanted) if wanted else found[0].find_element(By.TAG_NAME, "input")

    def type(self, label, text):
        field = self.field(label)
        if field.tag_name == "select":
            Select(field).select_by_visible_text(text)
        else:
            field.clear()
            field.send_keys(text)

    def said_beside(self, label):
        """What is wrong with a field, as a screen reader is told."""
        ids = (self.field(label).get_attribute("aria-describedby") or "").split()
        return " ".join(self.browser.find_element(By.ID, each).text for each in ids if each.endswith("-error"))

    def press(self, text):
        """A button, or what looks like one; waits for the page that follows."""
        named = f"[normalize-space()='{text}']"
        self._click(f"//button{named}[not(@aria-hidden)] | //a[contains(@class, 'button')]{named}")

    def follow(self, text):
        """The first link with this text."""
        self._click(f"//main//a[normalize-space()='{text}']")

    def go(self, text):
        """To a page of the menu."""
        self._click(f"//nav//a[normalize-space()='{text}']")

    def unfold(self, text):
        self.browser.find_element(By.XPATH, f"//summary[normalize-space()='{text}']").click()

    def _click(self, path):
        before = self.browser.find_element(By.TAG_NAME, "html")
        self.browser.find_element(By.XPATH, path).click()

        def is_gone():
            try:
                before.is_enabled()
            except StaleElementReferenceException:
                return True
            except WebDriverException as error:  # Chromium has these words for it, too, just after it left the page
                if "does not belong to the document" not in str(error):
                    raise
                return True
            return False

        self.until(is_gone)

    def rows(self):
        """The text of each row of the page's tables."""
        return [each.text for each in self.browser.find_elements(By.CSS_SELECTOR, "main tbody tr")]
