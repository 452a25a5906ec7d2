"""A filter that cannot work is refused when it is stored, not found out by the events that it lets pass."""

import pytest

from pulp_events import InvalidConfig
from pulp_events.frozen import freeze
from pulp_events.listeners.filters import compile_filter, passes

REPORT = freeze({"call_report": {}, "event_type": "x", "payload": {"tags": ["a"], "n": 0, "text": "t", "map": {}}})


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("", "not JMESPath"),
        ("payload ==", "not JMESPath"),
        ("payload.tags[", "not JMESPath"),
        ("cotnains(payload.tags, 'a')", "cotnains(), which is no function"),
        ("payload.n || payload.tags[?len(@) > `1`]", "len(), which is no function"),
        ("{a: [contains(payload, nope(@))]}", "nope(), which is no function"),
        ("length(payload.tags, payload.n)", "gives 2 arguments to length(), which takes 1"),
        ("contains(payload.tags)", "gives 1 arguments to contains(), which takes 2"),
        ("merge()", "gives 0 arguments to merge(), which takes at least 1"),
    ],
)
def test_a_filter_that_cannot_work_is_refused_in_one_line(bus, file, expression, text):
    with pytest.raises(InvalidConfig) as refused:
        bus.listeners.create("room", {"room": "x"}, ["*"], filter=expression)
    assert text in str(refused.value) and "\n" not in str(refused.value)
    assert not file.exists()
    listener = bus.listeners.create("room", {"room": "x"}, ["*"])
    with pytest.raises(InvalidConfig):
        bus.listeners.update(listener.id, filter=expression)
    assert bus.listeners.get(listener.id).filter is None


@pytest.mark.parametrize(
    "expression",
    ["merge(@, @, @)", "sort_by(payload.tags, &@)", "payload.tags[*].a | [0]", "payload.tags[0:2:-1]", "@"],
)
def test_everything_of_the_language_may_be_used(expression):
    assert compile_filter(expression)


@pytest.mark.parametrize(
    ("expression", "true"),
    [
        ("payload.text", True), ("payload.n", True), ("`0.0`", True), ("`true`", True), ("payload.tags", True),
        ("payload.map", False), ("`[]`", False), ('`""`', False), ("`false`", False), ("payload.gone", False),
        ("`[0]`", True), ("contains(payload.tags, 'a')", True), ("contains(payload.tags, 'b')", False),
        ("length(payload.map) == `0`", True), ("length(payload.n)", True),
    ],
)  # fmt: skip
def test_truth_is_as_jmespath_has_it(expression, true):
    assert passes(expression, REPORT) is true


def test_no_filter_lets_everything_pass():
    assert passes(None, REPORT)
