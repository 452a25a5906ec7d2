"""The OpenAPI document says what there is."""

import pytest

METHODS = ("get", "post", "patch", "delete", "put")


@pytest.fixture
def described(root):
    return root("GET", "openapi.json").json


@pytest.fixture
def operations(described):
    return [
        (method, path, operation)
        for path, found in described["paths"].items()
        for method, operation in found.items()
        if method in METHODS
    ]


def test_each_operation_is_described_with_all_that_it_may_answer(operations):
    assert len(operations) > 30
    for method, path, operation in operations:
        where = (method, path)
        assert operation["summary"] and operation["description"].count("Role:") == 1, where
        answers = operation["responses"]
        assert "default" not in answers, where
        assert {"400", "413", "415", "421", "429", "500"} <= answers.keys(), where
        assert any(status.startswith("2") for status in answers), where
        assert path.endswith("/health") or {"401", "503"} <= answers.keys(), where
        assert ("Role: viewer." in operation["description"]) <= ("403" not in answers or "backtest" in path), where
        assert "}" not in path or "404" in answers, where
        assert not {"requestBody"} & operation.keys() or "422" in answers, where
        has_if_match = any(each.get("name") == "If-Match" for each in operation.get("parameters", ()))
        assert has_if_match == ("412" in answers), where


def test_each_error_is_a_problem(described, operations):
    for method, path, operation in operations:
        for status, answer in operation["responses"].items():
            if status[0] == "4":
                name = answer["$ref"].removeprefix("#/components/responses/")
                answer = described["components"]["responses"][name]
                content = answer["content"]["application/problem+json"]
                assert content["schema"]["$ref"] == "#/components/schemas/Problem", (method, path, status)
                assert answer["description"]


def test_answers_have_what_is_described(described, root, new):
    made = root("POST", "listeners", new()).json
    schema = described["components"]["schemas"]["Listener"]
    assert set(schema["properties"]) == set(made) == set(schema["required"])


def test_each_link_leads_to_an_operation_that_takes_what_it_gives(described, operations):
    there = {f"#/paths/{path.replace('/', '~1')}/{method}": path for method, path, _ in operations}
    found = [
        link
        for _, _, operation in operations
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert len(found) > 30
    for link in found:
        [parameter] = link["parameters"]
        assert f"{{{parameter}}}" in there[link["operationRef"]]
    linked = {link["operationRef"] for link in found}
    assert {ref for ref, path in there.items() if "{type_id}" not in path and "_id}" in path} <= linked
