"""JSON that somebody wrote."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events.notation import json_text

SECRET = "hunter2"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_it_reads_what_python_reads(value):
    assert json_text.read(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f'{{"a": "{SECRET}" "b": 1}}', "Expecting ',' delimiter in line 1, column 17"),
        (f'["{SECRET}", NaN]', "NaN is not a JSON number"),
        (f'["{SECRET}", -Infinity]', "-Infinity is not a JSON number"),
        (f'["{SECRET}", {"1" * 5000}]', "a number has 5000 digits, and may have 400"),
        ("[" * 501 + f'"{SECRET}"' + "]" * 501, "it is nested too deeply"),
        ('{"a":' * 20_000 + f'"{SECRET}"' + "}" * 20_000, "it is nested too deeply"),
        (f'{{"a": "{SECRET}", "b": 2, "a": 3}}', "the key 'a' occurs twice in one object; keep one"),
        ("", "Expecting value in line 1, column 1"),
    ],
)
def test_what_is_wrong_is_said_without_a_value(text, wrong):
    with pytest.raises(ValueError) as refused:
        json_text.read(text)
    assert str(refused.value) == wrong and SECRET not in str(refused.value)


def test_what_is_as_deep_as_it_may_be_is_read():
    assert json.dumps(json_text.read("[" * 500 + "1" + "]" * 500)) == "[" * 500 + "1" + "]" * 500


def test_a_byte_order_mark_is_passed_over():
    assert json_text.read('\ufeff{"a": 1}') == {"a": 1}


def test_a_key_that_occurs_again_after_very_many_others_takes_no_longer_to_find():
    keys = ", ".join(f'"k{number}": 0' for number in range(200_000))
    with pytest.raises(ValueError, match="the key 'k199999' occurs twice"):
        json_text.read(f'{{{keys}, "k199999": 1}}')
