"""What results come to for a listener's health, the same for every store."""

from types import SimpleNamespace

import pytest

from pulp_events.outbox.tally import Tally, tally


def results(text):
    """`A+ A- B!`: listener A succeeded, then postponed, B gave up; each says which one of all it was."""
    transitions = {"+": "succeed", "-": "postpone", "!": "give_up"}
    return [
        SimpleNamespace(
            delivery=SimpleNamespace(listener_id=word[0]),
            attempt=SimpleNamespace(detail=str(number)),
            transition=transitions[word[1]],
        )
        for number, word in enumerate(text.split())
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("A+", {"A": Tally(True, 0, "0")}),
        ("A- A!", {"A": Tally(False, 2, "1")}),
        ("A- A+ A-", {"A": Tally(True, 1, "2")}),
        ("A- A- A+", {"A": Tally(True, 0, "2")}),
        ("B! A+ B+ A- B- A!", {"B": Tally(True, 1, "4"), "A": Tally(True, 2, "5")}),
    ],
)
def test_failures_are_counted_since_the_last_success_of_the_listener(text, expected):
    assert tally(results(text)) == expected
    assert list(tally(results(text))) == list(expected)
