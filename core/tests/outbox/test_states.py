"""The table of states decides: what it has is all that can happen, and its words are text."""

import copy
import json
import pickle

import pytest

from pulp_events.errors import EventsError, IllegalTransition
from pulp_events.outbox import states
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery
from pulp_events.outbox.sqlite import ledger, queue
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.outbox.states import (
    TRANSITIONS,
    Outcome,
    State,
    Transition,
    Way,
    after_attempt,
    entered,
    following,
    kept,
)
from pulp_events.testing.outbox_contract import LISTENER, new_event, result

WORDS = [*State, *Outcome, *Transition]
AFTER_ATTEMPT = {Transition.SUCCEED, Transition.POSTPONE, Transition.GIVE_UP}


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_the_text_that_it_was(word):
    text = word.value
    assert word == text and hash(word) == hash(text) and {word: 1}[text] == 1
    assert str(word) == f"{word}" == "%s" % word == text  # noqa: UP031
    assert repr(word) == repr(text)
    assert json.dumps({word: [word]}) == json.dumps({text: [text]})
    assert pickle.loads(pickle.dumps(word)) is word and copy.deepcopy(word) is word
    assert type(word)(text) is word


def test_the_table_has_every_transition():
    assert list(TRANSITIONS) == list(Transition)


def test_every_state_can_be_reached_and_all_but_one_can_be_left():
    assert {way.enters for way in TRANSITIONS.values()} == set(State)
    assert set(State) - {way.leaves for way in TRANSITIONS.values()} == {State.DELIVERED}


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("again", [True, False])
def test_what_follows_an_attempt_is_in_the_table(outcome, again):
    way = after_attempt(following(outcome, again))
    assert way.leaves is State.PENDING
    expected = State.DELIVERED if outcome is Outcome.DELIVERED else State.PENDING if again else State.DEAD
    assert way.enters is expected


@pytest.mark.parametrize(
    "transition", sorted(set(Transition) - {"succeed", "postpone", "give_up"}) + ["lost", "Revive"]
)
def test_nothing_else_follows_an_attempt(transition):
    with pytest.raises(IllegalTransition, match=f"one of succeed, postpone, give_up, not by '{transition}'") as found:
        after_attempt(transition)
    assert isinstance(found.value, EventsError) and isinstance(found.value, ValueError)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("transition", Transition)
def test_a_delivery_enters_what_the_table_says_or_nothing(transition, state):
    way = TRANSITIONS[transition]
    if way.leaves is state:
        assert entered(transition, state) is way.enters
        assert entered(transition.value, state.value) is way.enters
    else:
        leaves = way.leaves or "no delivery"
        with pytest.raises(IllegalTransition, match=f"'{transition}' leaves {leaves}, and this delivery is {state}"):
            entered(transition, state)


def test_a_transition_that_there_is_not_is_named():
    with pytest.raises(IllegalTransition, match="there is no transition 'pause'; there are emit, skip"):
        entered("pause", State.PENDING)


def test_a_statement_that_does_not_write_the_state_is_for_a_transition_that_keeps_it():
    assert kept(Transition.CLAIM) is kept(Transition.LOSE) is kept(Transition.RELEASE) is State.PENDING
    for changing in (Transition.EMIT, Transition.BURY, Transition.REVIVE):
        with pytest.raises(IllegalTransition, match=f"'{changing}' makes a delivery {TRANSITIONS[changing].enters}"):
            kept(changing)


def test_a_way_is_open_by_state_and_lease():
    held = Way(State.PENDING, State.DEAD, leased_before=True)
    assert held.is_open("pending", leased=True)
    assert not held.is_open("pending", leased=False)
    assert not held.is_open("dead", leased=True)
    assert not held.is_open(None, leased=True)
    either = Way(State.PENDING, State.DELIVERED)
    assert either.is_open("pending", leased=False) and either.is_open("pending", leased=True)


def test_the_store_does_what_the_table_says(tmp_path, monkeypatch):
    """With another table it does something else: no statement knows better."""
    bury, revive = Way(State.PENDING, State.DELIVERED), Way(State.DELIVERED, State.DEAD)
    other = {**TRANSITIONS, Transition.BURY: bury, Transition.REVIVE: revive}
    monkeypatch.setitem(states._AFTER_ATTEMPT, Transition.GIVE_UP, Way(State.PENDING, State.DELIVERED))
    monkeypatch.setitem(states._AFTER_ATTEMPT, Transition.SUCCEED, Way(State.DEAD, State.DELIVERED))
    monkeypatch.setattr(queue, "TRANSITIONS", other)
    monkeypatch.setattr(ledger, "TRANSITIONS", other)
    outbox = SQLiteOutbox(tmp_path / "outbox.sqlite")
    outbox.add([new_event() for _ in range(3)])

    def found():
        return [one.state for one in outbox.find(DeliveryQuery(), 9)][::-1]

    one, two, _ = outbox.claim([ClaimRequest(LISTENER, 3)], 60, "t").deliveries
    assert outbox.record([result(one, "give_up"), result(two, "succeed")]) == [True, False]
    assert found() == ["delivered", "pending", "pending"]
    assert outbox.bury(LISTENER, "gone") == 2
    assert found() == ["delivered"] * 3
    assert outbox.revive(DeliveryQuery(), 9) == 3
    assert found() == ["dead"] * 3
    outbox.close()
