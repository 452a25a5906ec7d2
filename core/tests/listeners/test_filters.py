"""A filter that cannot work is refused when it is stored, not found out by the events that it lets pass."""

import gc

import pytest

from pulp_events import InvalidConfig
from pulp_events.listeners import filters
from pulp_events.listeners.filters import compile_filter, failure, passes

REPORT = {"call_report": {}, "event_type": "x", "payload": {"tags": ["a"], "n": 0, "text": "t", "map": {}}}


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("", "not valid JMESPath"),
        ("payload ==", "not valid JMESPath"),
        ("payload.tags[", "not valid JMESPath"),
        ("cotnains(payload.tags, 'a')", "cotnains(), which is not a JMESPath function"),
        ("payload.n || payload.tags[?len(@) > `1`]", "len(), which is not a JMESPath function"),
        ("{a: [contains(payload, nope(@))]}", "nope(), which is not a JMESPath function"),
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
    assert passes(compile_filter(expression), REPORT) is true


def test_no_filter_lets_everything_pass():
    assert passes(None, REPORT)


@pytest.fixture
def compiled(monkeypatch):
    """The expressions that were compiled."""
    found = []
    compile_one = filters._compile

    def counting(expression, name, hidden):
        found.append(expression)
        return compile_one(expression, name, hidden)

    monkeypatch.setattr(filters, "_compile", counting)
    return found


def test_however_many_filters_there_are_each_is_compiled_once_for_the_listeners_that_have_it(bus, compiled):
    with bus.listeners.together() as several:
        for number in range(300):
            several.create("room", {"room": "x"}, ["*"], filter=f"payload.n == `{number}`")
        several.create("room", {"room": "y"}, ["*"], filter="payload.n == `7`")
    listeners = bus.listeners.list()
    compiled.clear()
    for number in (7, 299, 1000):
        event = bus.emit("repo.sync.start", {"n": number})
        assert len(bus.outbox.of_event(event.id)) == {7: 2, 299: 1, 1000: 0}[number]
    bus.listeners.disable(listeners[0].id)  # all records are read again
    bus.emit("repo.sync.start", {"n": 7})
    bus.emit("repo.sync.finish", {"n": 7})
    assert compiled == []


def test_a_filter_that_no_listener_has_any_more_takes_no_memory(bus, compiled):
    listener = bus.listeners.create("room", {"room": "x"}, ["*"], filter="payload.gone")
    bus.emit("repo.sync.start")
    bus.listeners.update(listener.id, filter="payload.here")
    del listener
    bus.emit("repo.sync.start")
    gc.collect()
    assert "payload.gone" not in filters._in_use and "payload.here" in filters._in_use


def test_why_a_filter_fails_on_a_report_is_one_line_and_nothing_where_it_does_not():
    report = {"payload": {"n": "x"}}
    assert "abs()" in failure(compile_filter("abs(payload.n)"), report)
    assert "\n" not in failure(compile_filter("abs(payload.n)"), report)
    assert failure(compile_filter("payload.n"), report) == ""
