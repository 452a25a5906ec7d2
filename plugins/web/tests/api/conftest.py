"""A bus with the http notifier, an application on it, and people who ask; a test says who by a header."""

import pytest
from flask import g, request

from pulp_events import EventBus
from pulp_events.testing import HttpSink
from pulp_events_web import create_app
from pulp_events_web.principal import Principal, Role

PEOPLE = {
    "vera": Principal("vera", Role.VIEWER),
    "otto": Principal("otto", Role.OPERATOR),
    "ada": Principal("ada", Role.ADMIN),
    "root": Principal("root", Role.ADMIN, trusted=True),
}


def as_people(app):
    """Who asks is who X-Test names: nobody has to prove it."""

    def identify():
        g.principal = PEOPLE.get(request.headers.get("X-Test", ""))

    found = app.before_request_funcs.setdefault(None, [])
    found[:] = [identify, *(each for each in found if not each.__module__.startswith("pulp_events_web.access"))]
    return app


@pytest.fixture
def sink():
    with HttpSink() as sink:
        yield sink


@pytest.fixture
def bus(tmp_path):
    settings = {
        "events": {"data_dir": str(tmp_path)},
        "untrusted": {"notifier_types": ["http"], "networks": ["127.0.0.0/8"], "max_listeners": 50},
    }
    with EventBus.open(settings=settings, deliver="external") as bus:
        yield bus


@pytest.fixture
def app(bus):
    return as_people(create_app(bus))


class Person:
    """Somebody who asks the API for JSON."""

    def __init__(self, app, name):
        self._client = app.test_client()
        self.name = name

    def __call__(self, method, path, json=None, **options):
        headers = {"X-Test": self.name, **options.pop("headers", {})}
        more = {} if json is None else {"json": json}
        return self._client.open(f"/api/v1/{path}", method=method, headers=headers, **more, **options)


@pytest.fixture
def person(app):
    return lambda name: Person(app, name)


@pytest.fixture
def vera(person):
    return person("vera")


@pytest.fixture
def otto(person):
    return person("otto")


@pytest.fixture
def ada(person):
    return person("ada")


@pytest.fixture
def root(person):
    return person("root")


@pytest.fixture
def new(sink):
    """The body of a listener."""
    return lambda **more: {
        "notifier_type_id": "http", "notifier_config": {"url": sink.url}, "event_types": ["repo.sync.*"], **more,
    }  # fmt: skip


def pointers(answer):
    """What the faults are about: JSON Pointers, `?NAME` for parameters, `NAME:` for headers."""
    assert answer.content_type == "application/problem+json"
    return {_about(each) for each in answer.json.get("errors", ())}


def _about(fault):
    if "parameter" in fault:
        return f"?{fault['parameter']}"
    return f"{fault['header']}:" if "header" in fault else fault["pointer"]
