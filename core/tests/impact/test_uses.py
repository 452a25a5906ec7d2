"""What filters and templates read: found by their parse trees, and never less than evaluation shows."""

import copy

import jmespath
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import ChainableUndefined, Environment

from pulp_events.impact.of_filter import uses_of_filter
from pulp_events.impact.of_template import uses_of_template
from pulp_events.impact.uses import ITEM, MAYBE, NO, YES, field_named


@pytest.mark.parametrize(
    ("expression", "fields"),
    [
        ("payload.result == 'failed'", ["payload.result"]),
        ("payload.lines[?count > `1`].name", ["payload.lines[].count", "payload.lines[].name"]),
        ("payload.lines[0].count", ["payload.lines[].count"]),
        ("payload.lines[1:].name", ["payload.lines[].name"]),
        ("payload.[a, b]", ["payload.a", "payload.b"]),
        ("{a: payload.x, b: payload.y}.a", ["payload.x", "payload.y"]),
        ("not_null(payload.a, payload.b).c", ["payload.a.c", "payload.b.c"]),
        ("sort_by(payload.lines, &n)[0].count", ["payload.lines[].count", "payload.lines[].n"]),
        ("map(&id, payload.lines)", ["payload.lines[].id"]),
        ("payload.a || payload.b && call_report.state", ["call_report.state", "payload.a", "payload.b"]),
        ("(payload || call_report).x", ["call_report.x", "payload.x"]),
        ('payload."two words" | @', ["payload.two words"]),
        ("payload.details.*.id", ["payload.details.*.id"]),
        ("event_type == 'repo.sync.start'", []),
        ("payload.*", ["any field"]),
        ("payload", ["any field"]),
        ("@", ["any field"]),
        ("keys(payload)", ["any field"]),
        ("to_string(@) | contains(@, 'x')", ["any field"]),
        ("values(payload)[?@ == 'x']", ["any field"]),
        ("*.result", ["*.result"]),
        ("@.*.result | [0]", ["*.result[]"]),
        ("not_null(*.result)", ["*.result"]),
        ("values(@)[].result", ["any field"]),
        ("*[0]", ["any field"]),
        ("*", ["any field"]),
        ("*.*", ["any field"]),
        ("*.*.id", ["any field"]),
        ("@[].result", []),
    ],
)
def test_a_filters_fields(expression, fields):
    assert uses_of_filter(expression).fields == fields


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ("{{ payload.repo_id }}: {{ event.payload['result'] | upper }}", ["payload.repo_id", "payload.result"]),
        ("{% for l in payload.lines %}{{ l.name }}{% endfor %}", ["payload.lines[].name"]),
        ("{% for l in payload.lines %}x{% endfor %}", ["payload.lines"]),
        ("{% for l in payload.lines %}{{ loop.previtem.name }}{% endfor %}", ["payload.lines[].name"]),
        ("{% set p = payload %}{{ p.x }}", ["payload.x"]),
        ("{% with p = event.payload.q %}{{ p.z }}{% endwith %}", ["payload.q.z"]),
        ("{% for e in events %}{{ e.payload.repo_id }}{% endfor %}{{ count }}", ["payload.repo_id"]),
        ("{{ payload.get('a', payload.b) }}", ["payload.a", "payload.b"]),
        ("{% if 'x' in payload %}y{% endif %}", ["payload.x"]),
        ("{% if payload %}{{ event.id }}{{ time }}{% endif %}", []),
        ("{{ payload.lines | length }}", ["payload.lines"]),
        ("{{ payload.lines | map(attribute='n') | join(',') }}", ["payload.lines[].n"]),
        (
            "{{ payload.lines | selectattr('on') | map(attribute='a.b') | list }}",
            ["payload.lines[].a.b", "payload.lines[].on"],
        ),
        ("{{ (payload.lines | first).n }}", ["payload.lines[].n"]),
        ("{{ payload.a if payload.b else payload.c }}", ["payload.a", "payload.b", "payload.c"]),
        ("{{ payload.a | default(payload.b, true) }}", ["payload.a", "payload.b"]),
        ("{{ payload.a is defined and payload.b is eq(payload.c) }}", ["payload.a", "payload.b", "payload.c"]),
        ("{{ payload.x[payload.n:][0].z }}", ["payload.n", "payload.x[].z"]),
        ("{{ payload.text.upper().split(payload.by) }}", ["payload.by", "payload.text"]),
        ("{% macro m(p, q=payload.d) %}{{ p }}{% endmacro %}{{ m(payload.y) }}", ["payload.d", "payload.y"]),
        ("{% filter upper %}{{ payload.z }}{% endfilter %}", ["payload.z"]),
        ("{% set t %}{{ payload.u }}{% endset %}{{ t }}", ["payload.u"]),
        ("{{ delivery_id }} {{ summary.title }} {{ event_type }}", []),
        ("{# {{ payload.x }} #}{% raw %}{{ payload.y }}{% endraw %}", []),
        ("{{ call_report.task_id }}", ["call_report.task_id"]),
        ("{{ payload | tojson }}", ["any field"]),
        ("{{ report }}", ["any field"]),
        ("{{ event.report() }}", ["any field"]),
        ("{{ payload[name] }}", ["any field"]),
        ("{{ payload[payload.key] }}", ["any field", "payload.key"]),
        ("{% for k, v in payload.items() %}{{ k }}={{ v }}{% endfor %}", ["any field"]),
        ("{% for k in payload %}{{ k }}{% endfor %}", ["any field"]),
        ("{{ payload | map(attribute='a') | list }}", ["any field", "payload[].a"]),
        ("{{ (payload | first).a }}", ["any field", "payload[].a"]),
        ("{% for e in events %}{% for k in e.payload %}x{% endfor %}{% endfor %}", ["any field"]),
        ("{% for k, v in payload | dictsort %}{{ v }}{% endfor %}", ["any field"]),
        ("{% macro m(p) %}{{ p.x }}{% endmacro %}{{ m(payload) }}", ["any field"]),
        ("{% set ns = namespace(p=payload) %}{{ ns.p.x }}", ["any field"]),
        ("{% set ns = namespace() %}{% set ns.p = payload %}{{ ns.p.x }}", ["any field"]),
        ("{{ event[part].result }}", ["*.result"]),
        ("{% for part in event.values() %}{{ part.result }}{% endfor %}", ["*.result"]),
        ("{% for each in events %}{{ each[part].result }}{% endfor %}", ["*.result"]),
        ("{{ events[n].payload.result }}", ["payload.result"]),
        ("{{ events }}", ["any field"]),
        ("{{ events | tojson }}", ["any field"]),
        ("{{ events[0].report() }}", ["any field"]),
        ("{% for each in events %}{{ each }}{% endfor %}", ["any field"]),
        ("{% for each in events %}{{ each[part] }}{% endfor %}", ["any field"]),
        ("{% for each in events %}{{ each.id }}, {{ each.event_type }}{% endfor %}{{ events | length }}", []),
    ],
)
def test_a_templates_fields(source, fields):
    assert uses_of_template(source).fields == fields


def test_names_made_of_each_other_have_an_end():
    assert uses_of_template("{% set q = q.next or payload.a %}{{ q.b }}").of(field_named("a.next.next.b")) != NO
    assert uses_of_template("{% for a in a.b %}{{ a }}{% endfor %}").fields == []


@pytest.mark.parametrize(
    ("expression", "field", "verdict"),
    [
        ("payload.result", "result", YES),
        ("payload.result", "payload.result", YES),
        ("payload.result", "res", NO),
        ("payload.result", "call_report.result", NO),
        ("payload.details.count", "details", YES),
        ("payload.details", "details.count", MAYBE),
        ("payload.lines[].count", "lines[].count", YES),
        ("payload.lines[0].count", "lines.count", YES),
        ("payload.lines[].count", "lines[].name", NO),
        ("payload.*.id", "details.id", MAYBE),
        ("payload.*.id", "details", MAYBE),
        ("payload.*.id", "details.name", NO),
        ("@", "result", MAYBE),
        ("*.result", "result", MAYBE),
        ("*.result", "user", NO),
        ("*.result", "call_report.result", MAYBE),
        ("*.*", "result", MAYBE),
        ("*[0]", "result", MAYBE),
        ("payload", "result", MAYBE),
        ("call_report", "result", NO),
        ("call_report", "call_report.state", MAYBE),
    ],
)
def test_whether_a_field_is_read(expression, field, verdict):
    assert uses_of_filter(expression).of(field_named(field)) == verdict


@pytest.mark.parametrize(
    "text", ["lines[0].count", "lines[*].count", "lines[-1].count", "payload.lines[].count", '"lines"[]."count"']
)
def test_a_field_is_named_as_filters_name_it(text):
    assert field_named(text) == ("payload", "lines", "[]", "count")


NO_FIELDS = ["", " ", ".", "a.", ".a", "a..b", "a b", "*", "a.*", "[]", "[0].a", "a[", "a]b", "a[x]", "a[]b", "'a'"]


@pytest.mark.parametrize("text", [*NO_FIELDS, '"a', '""'])
def test_what_names_no_field_is_refused(text):
    with pytest.raises(ValueError, match="is not a field; write one as repo_id"):
        field_named(text)


def test_whether_a_list_is_empty_does_not_depend_on_what_its_items_have():
    uses = uses_of_template("{% if payload.lines %}{{ payload.lines | length }}{% endif %}")
    assert [uses.of(field_named(each)) for each in ("lines", "lines[].count", "lines.count")] == [YES, NO, MAYBE]


# --- nothing that is read is missed: what is said not to be read can be taken away, and nothing changes

LEAF = st.sampled_from([None, True, False, 0, 1, "x", "y"])
INNER = st.dictionaries(st.sampled_from("abc"), LEAF, max_size=3)
PAYLOADS = st.fixed_dictionaries(
    {"keep": st.just(1)},
    optional={"a": LEAF | INNER, "b": LEAF | INNER, "lines": st.lists(INNER, max_size=3), "more": st.lists(INNER)},
)
FIELDS = ["a", "b", "lines", "more", "a.a", "a.b", "b.c", "lines[].a", "lines[].b", "more[].c"]


def without(payload, field):
    """The payload as it would be without the field."""
    *above, last = field_named(field)[1:]
    payload = copy.deepcopy(payload)
    nodes = [payload]
    for key in above:
        following = []
        for node in nodes:
            if key == ITEM:
                following += node if isinstance(node, list) else []
            elif isinstance(node, dict) and key in node:
                following.append(node[key])
        nodes = following
    for node in nodes:
        if isinstance(node, dict):
            node.pop(last, None)
    return payload


NAME = st.sampled_from(["a", "b", "c", "lines", "more"])


def _paths(inner):
    return st.one_of(
        st.tuples(inner, NAME).map(".".join),
        st.tuples(inner, NAME).map("[].".join),
        inner.map("{}[0]".format),
        inner.map("{}[*]".format),
        inner.map("{}[1:]".format),
        inner.map("{}.*".format),
        st.tuples(inner, NAME).map(lambda both: f"{both[0]}[?{both[1]} == 'x']"),
        st.tuples(inner, NAME).map(lambda both: f"({both[0]} | {both[1]})"),
        st.tuples(inner, inner).map(lambda both: f"({both[0]} || {both[1]})"),
        st.tuples(inner, inner).map(lambda both: f"({both[0]} && {both[1]})"),
        st.tuples(inner, inner).map(lambda both: f"({both[0]} == {both[1]})"),
        inner.map("(!{})".format),
        st.tuples(inner, inner).map(lambda both: f"[{both[0]}, {both[1]}]"),
        st.tuples(inner, NAME).map(lambda both: f"{{k: {both[0]}}}.k.{both[1]}"),
        st.tuples(inner, inner).map(lambda both: f"not_null({both[0]}, {both[1]})"),
        inner.map("length({})".format),
        inner.map("to_array({})".format),
        inner.map("keys({})".format),
        st.tuples(NAME, inner).map(lambda both: f"map(&{both[0]}, {both[1]})"),
        st.tuples(inner, NAME).map(lambda both: f"sort_by({both[0]}, &{both[1]})[0]"),
        st.tuples(inner, NAME).map(lambda both: f"max_by({both[0]}, &{both[1]})"),
    )


EXPRESSIONS = st.recursive(NAME.map("payload.{}".format) | st.just("payload"), _paths, max_leaves=5)


def searched(expression, payload):
    try:
        return jmespath.search(expression, {"payload": payload, "call_report": {}, "event_type": "t"})
    except Exception as error:  # TypeError too, where items cannot be compared
        return type(error)


@given(EXPRESSIONS, PAYLOADS)
@example("keys(max_by(payload.lines, &c))[0]", {"keep": 1, "lines": [{"c": 0}, {"c": "x"}]})
def test_what_a_filter_does_not_read_can_go(expression, payload):
    uses = uses_of_filter(expression)
    for field in FIELDS:
        if uses.of(field_named(field)) == NO:
            assert searched(expression, payload) == searched(expression, without(payload, field)), (field, uses.fields)


def _values(inner):
    return st.one_of(
        st.tuples(inner, NAME).map(".".join),
        st.tuples(inner, NAME).map(lambda both: f"{both[0]}['{both[1]}']"),
        inner.map("{}[0]".format),
        inner.map("({} | default('d'))".format),
        inner.map("({} | list | length)".format),
        inner.map("({} | list | first)".format),
        st.tuples(inner, NAME).map(lambda both: f"({both[0]} | list | map(attribute='{both[1]}') | list)"),
        st.tuples(inner, NAME).map(lambda both: f"({both[0]} | list | selectattr('{both[1]}') | list)"),
        st.tuples(inner, inner).map(lambda both: f"({both[0]} or {both[1]})"),
        st.tuples(inner, inner).map(lambda both: f"({both[0]} and {both[1]})"),
        st.tuples(inner, inner).map(lambda both: f"({both[0]} == {both[1]})"),
        st.tuples(inner, inner, inner).map(lambda all: f"({all[0]} if {all[1]} else {all[2]})"),
        inner.map("({} is defined)".format),
        inner.map("({} is none)".format),
        st.tuples(inner, NAME).map(lambda both: f"('{both[1]}' in {both[0]})"),
        st.tuples(inner, NAME).map(lambda both: f"{both[0]}.get('{both[1]}')"),
        st.tuples(inner, NAME).map(lambda both: f"({both[0]} | attr('{both[1]}'))"),
        inner.map("({} | tojson)".format),
        st.tuples(inner, inner).map(lambda both: f"{both[0]}[{both[1]}]"),
        st.tuples(inner, inner).map(lambda both: f"({both[0]} ~ {both[1]})"),
        st.tuples(inner, inner).map(lambda both: f"[{both[0]}, {both[1]}]"),
    )


VALUES = st.recursive(
    st.sampled_from(
        [
            "payload",
            "event.payload",
            "payload.a",
            "payload.lines",
            "events[0].payload",
            "(events | first).payload",
            "p",
            "q",
        ]
    ),
    _values,
    max_leaves=5,
)


def _statements(inner):
    return st.one_of(
        st.tuples(VALUES, inner).map(lambda both: f"{{% for p in {both[0]} %}}{both[1]}{{% endfor %}}"),
        st.tuples(VALUES, inner).map(lambda both: f"{{% for p, q in {both[0]}.items() %}}{both[1]}{{% endfor %}}"),
        st.tuples(VALUES, inner).map(lambda both: f"{{% if {both[0]} %}}{both[1]}{{% else %}}-{{% endif %}}"),
        st.tuples(VALUES, inner).map(lambda both: f"{{% set q = {both[0]} %}}{both[1]}"),
        st.tuples(VALUES, inner).map(lambda both: f"{{% with q = {both[0]} %}}{both[1]}{{% endwith %}}"),
        st.tuples(VALUES, inner).map(lambda both: f"{{% macro m(q) %}}{both[1]}{{% endmacro %}}{{{{ m({both[0]}) }}}}"),
        st.tuples(inner, inner).map("".join),
    )


TEMPLATES = st.recursive(VALUES.map("{{{{ {} }}}}".format), _statements, max_leaves=4)
JINJA = Environment(undefined=ChainableUndefined, autoescape=False)


def rendered(source, payload):
    try:
        event = {"payload": payload}
        names = {"payload": payload, "event": event, "events": [event, {"payload": {"a": "x"}}]}
        return JINJA.from_string(source).render(names)
    except Exception as error:
        return type(error)


@given(TEMPLATES, PAYLOADS)
@example(
    "{% if payload.lines | list | first | list | length %}{{ payload.a }}{% else %}-{% endif %}",
    {"keep": 1, "lines": [{"a": None}]},
)
@example("{{ payload | list | map(attribute='a') | list }}", {"keep": 1, "b": None})
@example("{{ events[0].payload | map(attribute='a') | list }}", {"keep": 1, "b": None})
@example("{% for p in (events | first).payload %}{{ p.a }}{% endfor %}", {"keep": 1, "b": None})
def test_what_a_template_does_not_read_can_go(source, payload):
    uses = uses_of_template(source)
    for field in FIELDS:
        if uses.of(field_named(field)) == NO:
            assert rendered(source, payload) == rendered(source, without(payload, field)), (field, uses.fields)
