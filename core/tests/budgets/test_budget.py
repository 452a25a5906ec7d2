"""Short filters and templates that ask for a very long time, or much memory: refused, or a failure of their own."""

import resource
import time
from pathlib import Path

import pytest

from pulp_events import InvalidConfig
from pulp_events.budgets.budget import Budget, OverBudget
from pulp_events.listeners.filters import compile_filter, judge, passes
from pulp_events.templates import Template, TemplateError
from pulp_events.testing.factory import make_event

LONG = 5.0
"""Seconds of this thread that none of these may take, and that each took or exceeded; a hundredth of it is what they
take."""
ROOM = 4 << 30
"""Bytes of addresses that a test may take beside those that the process has: each thread that an earlier test left has
some."""


@pytest.fixture(autouse=True)
def little_memory():
    """A mistake here must not take the machine's."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    own = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (own + ROOM, before[1]))
    began = time.thread_time()
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)
    assert time.thread_time() - began < LONG


@pytest.mark.parametrize(
    "expression",
    [
        "|".join(["[@,@]"] * 30),
        "|".join(["[@,@][]"] * 30),
        "|".join(["{a:@,b:@}"] * 30) + "|to_string(@)",
        "(" * 3000 + "a" + ")" * 3000,
        "||".join(["a"] * 3000),
        "!" * 500 + "a",
        "a" * 20_000,
    ],
)
def test_a_filter_that_costs_too_much_whatever_the_event_is_refused(expression):
    with pytest.raises(InvalidConfig, match=r"costs too much|nested too deeply|characters; at most"):
        compile_filter(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "payload.l" + "|[[*],[*]][]" * 20,
        "payload.l" + "[].[@,@][]" * 20,
        "payload.l[?contains(to_string(@), '3')].[@,@] | map(&[@,@,@,@,@], @)",
        "join(to_string(payload.l), map(&to_string(@), payload.l))",
        "payload.l[?@ == `1`].[@] || map(&map(&[@,@], [@,@]), payload.l)",
    ],
)
def test_a_filter_that_costs_too_much_on_an_event_lets_it_pass_and_says_so_once(expression, caplog):
    compile_filter(expression)
    report = {"payload": {"l": list(range(20_000))}}
    for _ in range(2):
        assert passes(compile_filter(expression), report)
    assert caplog.text.count("costs too much") == 1
    assert "costs too much" in judge(expression, report)[1]


def test_a_filter_over_a_report_of_the_usual_size_has_budget_enough():
    packages = [{"name": f"package-{number}", "size": number} for number in range(5000)]
    passed, why = judge(
        "payload.packages[?name == 'package-4999'].size | [0] == `4999`", {"payload": {"packages": packages}}
    )
    assert passed and "fails" not in why


BOMBS = [
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% if payload.n == 3 %}{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}{% endif %}",
    "{{ 'x'|center(2000000000) }}",
    "{{ 'x'.center(2000000000) }}",
    "{% filter center(2000000000) %}x{% endfilter %}",
    "{% set n=namespace(x='xx') %}{% for i in range(40) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x|length }}",
    "{% set n=namespace(x=[1]) %}{% for i in range(40) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
    "{% set n=namespace(x=[1]) %}{% for i in range(40) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x|length }}",
    "{% set n=namespace(x={}) %}{% for i in range(60) %}{% set n.x = dict(a=n.x, b=n.x) %}{% endfor %}{{ n.x }}",
    "{% set n=namespace(x=99999999) %}{% for i in range(40) %}{% set n.x = n.x * n.x %}{% endfor %}{{ n.x }}",
    "{% macro m(n) %}{% if n %}{{ m(n-1) }}{{ m(n-1) }}{% endif %}{% endmacro %}{{ m(40) }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% for x in [[1,1],[1,1]] recursive %}{{ loop([[1,1],[1,1]]) }}{% endfor %}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%*d' % (1000000000, 1) }}",
    "{{ '%1000000000d'|format(1) }}",
    "{{ '{:>1000000000}'.format(1) }}",
    "{{ '{:>{}}'.format(1, 1000000000) }}",
    "{{ '{0:>{w}}'.format(1, w=1000000000) }}",
    "{{ 9**9**9 }}",
    "{{ 'x'|indent(1000000000, true) }}",
    "{{ [1]|batch(1000000000, 0)|list }}",
    "{{ [1]|slice(1000000000)|list }}",
    "{{ lipsum(n=100000) }}",
    "{{ range(99999)|map('center', 1000)|join }}",
    "{{ (range(99999)|list)|map('string')|join(payload.t) }}",
    "{{ payload.t|replace('x', payload.t|replace('x', payload.t)) }}",
    "{{ 'x'|center(90000)|replace('', 'x'|center(90000)) }}",
    "{{ payload.t.translate({120: payload.t}) }}",
    "{{ ' '.expandtabs(1000000000) }}",
    "{{ 1.5|round(1000000000) }}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ " + "[" * 2000 + "]" * 2000 + " }}",
    "{% if 1 %}" * 300 + "{% endif %}" * 300,
    "x" * 300_000,
]


@pytest.mark.parametrize("source", BOMBS, ids=[source[:50] for source in BOMBS])
def test_a_template_that_costs_too_much_is_an_error_in_one_line(source):
    with pytest.raises(TemplateError) as failed:
        Template(source).render(make_event(payload={"n": 3, "t": "x" * 1000}))
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ payload.repo_id ~ '!' }} {{ payload.n + 1 }} {{ 3 * 4 }}", "pulp2! 4 12"),
        ("{% for x in payload.list %}{{ loop.index }}/{{ loop.length }}:{{ x.a }} {% endfor %}", "1/2:0 2/2:1 "),
        ("{% for a, b in [(1, 2), (3, 4)] %}{{ a }}{{ b }}{% endfor %}", "1234"),
        ("{% for x in [[1, [2]], [3]] recursive %}{{ loop(x) if x is iterable else x }}{% endfor %}", "123"),
        ("{{ payload.list | map(attribute='a') | join(', ') }}", "0, 1"),
        ("{{ '%05.1f' % 2.5 }} {{ '{:>6}'.format('a') }} {{ '%s' | format('b') }}", "002.5      a b"),
        ("{{ payload.missing.deep | default(10000000) }}", "10000000"),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(1) }}{{ m(2) }}", "<1><2>"),
        (
            "{{ 'ab' | center(6) }}|{{ 'ab'.ljust(4) }}|{{ 'a-b' | replace('-', '+') }}|{{ 'abc'[1:] }}",
            "  ab  |ab  |a+b|bc",
        ),
        ("{% set z %}q{% endset %}{{ z }}{{ dict(a=1).a }}{{ namespace(a=2).a }}", "q12"),
    ],
)
def test_what_templates_are_written_for_works_as_before(source, text):
    event = make_event(payload={"repo_id": "pulp2", "n": 3, "list": [{"a": 0}, {"a": 1}]})
    assert Template(source).render(event) == text


def test_a_template_may_put_out_all_of_a_large_report():
    event = make_event(payload={"packages": [{"name": f"package-{n}", "version": "1.0"} for n in range(5000)]})
    assert len(Template("{{ payload | tojson(indent=2) }}{{ report }}").render(event)) > 400_000


def test_values_are_measured_as_often_as_they_are_in_another():
    budget = Budget(10)
    value = [1, 2, 3]
    for _ in range(4):
        value = [value, value]
    assert budget.size(value) == 2**4 * 4 + 2**4 - 1
    with pytest.raises(OverBudget):
        budget.made(value)
