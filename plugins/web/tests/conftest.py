"""A bus with the plugins that there are, and an application on it, without a server."""

import threading
import time

import pytest

from pulp_events import EventBus
from pulp_events_web import create_app
from pulp_events_web.access.listening import Address
from pulp_events_web.access.store import AccessStore
from pulp_events_web.access.tokens import Tokens
from pulp_events_web.commands.server import Server
from pulp_events_web.principal import Role


@pytest.fixture
def bus(tmp_path):
    with EventBus.open(settings={"events": {"data_dir": str(tmp_path)}}, deliver="external") as bus:
        yield bus


@pytest.fixture
def app(bus):
    return create_app(bus, {"requests": "100000/s"})


@pytest.fixture
def tokens(bus):
    return Tokens(AccessStore(bus.data_dir), time.time)


@pytest.fixture
def as_role(app, tokens):
    """`as_role("viewer")`: a client with a token of that role, which sends it with each request."""

    def client(role, **more):
        secret, _ = tokens.create(f"the {role}", Role.of(role), None, **more)
        made = app.test_client()
        made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
        return made

    return client


@pytest.fixture
def client(as_role):
    """An administrator's."""
    return as_role("admin")


@pytest.fixture
def anonymous(app):
    """Nobody's."""
    return app.test_client()


@pytest.fixture
def serve(bus):
    """`serve(**settings)`: the real server on loopback, in a thread; returns its port. `changed`: called with the
    application first."""
    stop = threading.Event()
    threads = []

    def start(link=None, changed=lambda app: None, **settings):
        address = Address("127.0.0.1", 0)
        app = create_app(bus, settings, link)
        changed(app)
        server = Server(app, address, app.extensions["pulp_events_web"].settings)
        threads.append(threading.Thread(target=server.run, args=(stop.is_set, 1.0, 0.02)))
        threads[-1].start()
        return server.port

    yield start
    stop.set()
    for each in threads:
        each.join(60)
        assert not each.is_alive()


@pytest.fixture(scope="module")
def browser():
    """A Chromium for the tests of a module; skipped where there is none."""
    from .console_browser import start

    found = start()
    yield found
    found.quit()


@pytest.fixture
def quiet(browser):
    """The same browser, without what it logged in the test before."""
    browser.get("about:blank")
    for kind in ("browser", "performance"):
        browser.get_log(kind)
    return browser
