"""What an operation does not take is refused: misspelt, it would do something else than was meant."""

import pytest

from .conftest import pointers


@pytest.fixture
def listener(root, new):
    return root("POST", "listeners", new(name="ours")).json["id"]


@pytest.fixture
def operations(root):
    return [
        (method.upper(), path.removeprefix("/api/v1/"), operation)
        for path, found in root("GET", "openapi.json").json["paths"].items()
        for method, operation in found.items()
        if method in ("get", "post", "patch", "delete")
    ]


def of(path):
    """With values in place of names."""
    for name, value in (("listener_id", "ours"), ("delivery_id", "d.0"), ("event_id", "e"), ("type_id", "http"),
                        ("name", "repo.sync.start")):  # fmt: skip
        path = path.replace(f"{{{name}}}", value)
    return path


def test_a_parameter_that_there_is_not(root, listener, operations, bus):
    before = bus.listeners.list()
    for method, path, _ in operations:
        answer = root(method, f"{of(path)}?sate=dead")
        assert answer.status_code == 422, (method, path, answer.text)
        assert pointers(answer) >= {"?sate"}, (method, path, answer.text)
    assert bus.listeners.list() == before


def test_a_parameter_twice(root, listener, operations):
    for method, path, operation in operations:
        for each in operation.get("parameters", ()):
            if each["in"] == "query" and each["schema"].get("type") != "array":
                answer = root(method, f"{of(path)}?{each['name']}=1&{each['name']}=2")
                assert answer.status_code == 422 and f"?{each['name']}" in pointers(answer), (path, each, answer.text)
    assert root("GET", "listeners?label=a&label=b").status_code == 200


def test_a_body_that_is_not_read(root, listener, operations, bus):
    before = bus.listeners.list()
    for method, path, operation in operations:
        if "requestBody" not in operation:
            answer = root(method, of(path), {"reason": "x"})
            assert answer.status_code == 422 and pointers(answer) == {""}, (method, path, answer.text)
    assert bus.listeners.list() == before
    assert root("POST", "listeners/ours/enable", {}).status_code == 200  # as many clients send nothing


def test_a_key_twice(root, listener, bus):
    for body in ('{"reason": "a", "reason": "b"}', '{"reason": "a", "x": [{"y": 1, "y": 2}]}'):
        answer = root("POST", "listeners/ours/disable", data=body, content_type="application/json")
        assert answer.status_code == 400 and "twice" in answer.json["detail"]
    assert bus.listeners.get("ours").enabled


def test_who_may_not_ask_does_not_learn_what_is_wrong(vera, listener):
    assert vera("POST", "listeners/ours/enable?x=1", {"a": 1}).status_code == 403
