"""What each key does, without a terminal."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events.outbox.states import State
from pulp_events_cli.top import keys
from pulp_events_cli.top.commands import Disable, Enable, Mute, Retry, RetryOne, Unmute
from pulp_events_cli.top.controller import Quit, Redraw, Refresh, Shown, Stop, press, settled
from pulp_events_cli.top.frame import frame
from pulp_events_cli.top.model import ListenerPage, Overview, Sort
from pulp_events_cli.top.state import Page, Tone, View

sys.path.insert(0, str(Path(__file__).parent))
from test_pages import EVERYTHING, FAILING, STATUS, delivery, row

SHOWN = Shown(EVERYTHING.overview, EVERYTHING.listener, room=10, length=40)
CHOSEN = View(listener=FAILING.id)
OPEN = View(Page.LISTENER, listener=FAILING.id)


def typed(view, *words, shown=SHOWN):
    """The view after all of these keys, and the requests that they made."""
    requests = []
    for word in words:
        for key in [word] if word in vars(keys).values() else word:
            view, request = press(view, key, shown)
            view = settled(view, shown)
            requests += [] if request is None else [request]
    return view, requests


def test_mute_asks_for_how_long_and_why():
    view, requests = typed(CHOSEN, "m", "2h", keys.ENTER, "maintenance", keys.ENTER)
    assert requests == [Mute(FAILING.id, "mirror", 7200.0, "maintenance")] and view.prompt is None
    assert typed(CHOSEN, "m", keys.ENTER, keys.ENTER)[1] == [Mute(FAILING.id, "mirror", 1800.0, None)]


@pytest.mark.parametrize("text", ["soon", "0", "-5m", "2 h 3"])
def test_a_duration_that_is_none_is_refused_and_can_be_corrected(text):
    view, requests = typed(CHOSEN, "m", text, keys.ENTER)
    assert not requests and "is not a duration" in view.prompt.problem
    assert typed(view, keys.ERASE_ALL, "45m", keys.ENTER, keys.ENTER)[1] == [Mute(FAILING.id, "mirror", 2700.0, None)]


@pytest.mark.parametrize("key", "mdr/")
def test_escape_leaves_a_question_with_nothing_done(key):
    view, requests = typed(CHOSEN, key, "y" if key in "md/" else "", keys.ESCAPE)
    assert (replace(view, message=None), requests) == (CHOSEN, [])


def test_what_was_asked_about_one_listener_is_done_to_that_one():
    view, _ = typed(CHOSEN, "m")
    other = Shown(Overview(rows=[row(9, "other")]))
    assert typed(view, "1h", keys.ENTER, keys.ENTER, shown=other)[1] == [Mute(FAILING.id, "mirror", 3600.0, None)]


@pytest.mark.parametrize("view", [CHOSEN, OPEN])
def test_the_other_keys_of_a_listener(view):
    name = FAILING.id, "mirror"
    assert typed(view, "u")[1] == [Unmute(*name)]
    assert typed(view, "e")[1] == [Enable(*name)]
    assert typed(view, "d", "gone", keys.ENTER)[1] == [Disable(*name, "gone")]
    assert typed(view, "d", keys.ENTER)[1] == [Disable(*name, None)]
    assert typed(view, "rd")[1] == [Retry(*name, (State.DEAD,))]
    assert typed(view, "rp")[1] == [Retry(*name, (State.PENDING,))]
    assert typed(view, "rb")[1] == [Retry(*name, (State.PENDING, State.DEAD))]
    refused, requests = typed(view, "rq")  # any other key: no
    assert not requests and refused.message.text == "nothing is retried"
    asked, requests = typed(view, "r", keys.ENTER)
    assert not requests and asked.prompt is not None  # which of them, Enter does not say


def test_without_a_listener_nothing_is_done():
    view, requests = typed(View(), "m", shown=Shown(Overview()))
    assert not requests and view.message.tone == Tone.NOTE


def test_the_way_from_a_listener_to_a_delivery_and_back():
    view, _ = typed(CHOSEN, keys.ENTER, keys.DOWN, keys.DOWN, keys.ENTER)
    assert (view.page, view.delivery) == (Page.DELIVERY, delivery(2).id)
    assert typed(view, "ry")[1] == [RetryOne(delivery(2).id, delivery(2).id)]
    assert typed(view, "rn")[1] == []
    view, requests = typed(view, keys.ESCAPE, keys.ESCAPE)
    assert (view.page, view.listener, requests) == (Page.OVERVIEW, FAILING.id, [])


def test_the_help_covers_a_page_and_gives_it_back():
    view, _ = typed(OPEN, "?", keys.DOWN)
    assert (view.page, view.behind, view.scroll) == (Page.HELP, Page.LISTENER, 1)
    assert typed(view, keys.ESCAPE)[0].page == Page.LISTENER


def test_the_list_of_deliveries_goes_on_in_pages():
    page = replace(EVERYTHING.listener, deliveries=[delivery(each) for each in range(3)], more=True)
    shown = replace(SHOWN, listener=page)
    view, _ = typed(OPEN, keys.DOWN, keys.DOWN, keys.DOWN, shown=shown)
    assert view.pages == (delivery(2).id,) and view.delivery is None
    assert typed(view, keys.UP, shown=shown)[0].pages == ()
    view, _ = typed(OPEN, keys.TAB, shown=shown)
    assert view.state == State.PENDING
    assert typed(view, *[keys.TAB] * len(State), shown=shown)[0].state is None


def test_without_a_choice_the_newest_delivery_is_meant():
    shown = Shown(EVERYTHING.overview, ListenerPage(FAILING, [delivery(1), delivery(0)]))
    view = settled(OPEN, shown)
    assert view.delivery is None
    newer = replace(shown, listener=ListenerPage(FAILING, [delivery(2), delivery(1)]))
    assert typed(settled(view, newer), keys.ENTER, shown=newer)[0].delivery == delivery(2).id


def test_keys_that_only_change_what_is_seen():
    assert typed(CHOSEN, "s")[0].sort == Sort.NAME and typed(CHOSEN, "S")[0].reverse
    view, _ = typed(CHOSEN, "/", "failing")
    assert view.wanted == "failing" and view.prompt is not None  # the list follows
    assert typed(view, keys.ESCAPE)[0].wanted == ""
    assert typed(view, keys.ENTER)[0].wanted == "failing"
    assert typed(view, keys.ENTER, keys.ESCAPE)[0].wanted == ""
    assert typed(CHOSEN, "G")[0].listener != typed(CHOSEN, "g")[0].listener == FAILING.id


def test_requests_without_a_listener():
    kinds = [type(typed(CHOSEN, key)[1][0]) for key in ("q", " ", keys.REDRAW, keys.ESCAPE)]
    assert kinds == [Quit, Refresh, Redraw, Stop]


@given(st.lists(st.sampled_from([*"mudersS/?gGoq yb4h", *"é", keys.UP, keys.DOWN, keys.ENTER, keys.ESCAPE, keys.TAB,
                                 keys.PAGE_DOWN, keys.ERASE, keys.END]), max_size=30))  # fmt: skip
def test_whatever_is_typed_there_is_a_screen(words):
    view, _ = typed(CHOSEN, *words)
    frame(EVERYTHING, view, STATUS, (80, 24))


@pytest.mark.parametrize("view", [CHOSEN, OPEN])
@pytest.mark.parametrize("key", ["r", "m", "d", "u", "e"])
def test_no_change_is_offered_while_the_store_does_not_answer(view, key):
    after, requests = typed(view, key, shown=replace(SHOWN, stale=True))
    assert after.prompt is None and not requests and "does not answer" in after.message.text
    assert typed(CHOSEN, "/", shown=replace(SHOWN, stale=True))[0].prompt is not None  # the list is still there
