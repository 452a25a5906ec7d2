"""The OpenAPI document says what there is."""

import json

import pytest

from pulp_events_web.api.operations import IDS

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


def test_each_operation_has_a_name_of_its_own_and_who_may(described, operations):
    names = [operation.get("operationId") for _, _, operation in operations]
    assert None not in names and len({*names}) == len(names)
    assert {*IDS.values()} == {*names}
    schemes = described["components"]["securitySchemes"]
    assert {*schemes} == {name for each in described["security"] for name in each}
    assert [path for _, path, operation in operations if operation.get("security") == []] == ["/api/v1/health"]


def test_a_body_is_required_where_nothing_can_be_done_without(operations):
    optional = {
        operation["operationId"]
        for _, _, operation in operations
        if "requestBody" in operation and not operation["requestBody"].get("required")
    }
    assert optional == {"disable_listener", "backtest_listener"}


def test_each_schema_is_used(described):
    text = json.dumps(described)
    unused = [name for name in described["components"]["schemas"] if f'"#/components/schemas/{name}"' not in text]
    assert unused == []


def test_a_stream_is_not_described_as_json(described):
    (content,) = described["paths"]["/api/v1/tail"]["get"]["responses"]["200"]["content"].items()
    assert content[0] == "text/event-stream" and content[1]["schema"].keys() == {"description"}
