"""The OpenAPI document says of listeners what there is."""

import pytest


@pytest.fixture
def described(root):
    return root("GET", "openapi.json").json


def operations(described):
    for path, found in described["paths"].items():
        if path.startswith("/api/v1/listeners"):
            for method, operation in found.items():
                if method in ("get", "post", "patch", "delete", "put"):
                    yield method, path, operation


def test_each_operation_is_described_with_all_that_it_may_answer(described):
    found = list(operations(described))
    assert len(found) == 15
    for method, path, operation in found:
        assert operation["summary"] and operation["description"].count("Role:") == 1, path
        answers = operation["responses"]
        assert {"400", "401", "403", "413", "429", "503"} <= answers.keys(), (method, path)
        assert any(status.startswith("2") for status in answers)
        assert "{listener_id}" not in path or "404" in answers
        assert "requestBody" not in operation or {"415", "422"} <= answers.keys()
        has_if_match = any(each.get("name") == "If-Match" for each in operation.get("parameters", ()))
        assert has_if_match == ("412" in answers), (method, path)
        for status, answer in answers.items():
            if status[0] == "4":
                assert "application/problem+json" in answer["content"], (path, status)


def test_answers_have_what_is_described(described, root, new):
    made = root("POST", "listeners", new()).json
    schema = described["components"]["schemas"]["Listener"]
    assert set(schema["properties"]) == set(made) == set(schema["required"])
