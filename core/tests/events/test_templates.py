"""What is said of a template that cannot be used."""

import pytest

from pulp_events.templates import Template, TemplateError
from pulp_events.testing.factory import make_event


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("a\n{% include 'x' %}", "template, line 2: there is no include here; a template stands in one text"),
        ("{% extends 'x' %}", "template, line 1: there is no extends here; a template stands in one text"),
        ("{% import 'x' as y %}", "template, line 1: there is no import here; a template stands in one text"),
        ("{% from 'x' import y %}", "template, line 1: there is no import here; a template stands in one text"),
        ("{% if a %}{% for b in c %}{% include d %}{% endfor %}{% endif %}", "there is no include here"),
        ("{{ a b }}", "template, line 1: expected token '}}', got 'b'"),
        ("{% if %}", "template, line 1: Expected an expression, got '%}'"),
    ],
)
def test_what_cannot_be_compiled(source, said):
    with pytest.raises(TemplateError) as refused:
        Template(source)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ 2 ** 3 }}", "template: the operator ** is not available on these values"),
        ("{{ lipsum() }}", "template: 'lipsum' is undefined"),
        ("{{ 1 / 0 }}", "template: ZeroDivisionError: division by zero"),
    ],
)
def test_what_cannot_be_rendered(source, said):
    with pytest.raises(TemplateError) as refused:
        Template(source).render(make_event("repo.sync.start"))
    assert str(refused.value) == said
