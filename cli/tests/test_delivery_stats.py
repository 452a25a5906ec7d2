"""`delivery stats --since`: who fails most stands first, and a trend on a terminal alone."""

from __future__ import annotations

import io
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.outbox.delivery import Attempt
from pulp_events.outbox.records import ClaimRequest, NewDelivery, NewEvent, Result
from pulp_events.outbox.states import Outcome, Transition
from pulp_events_cli.output.trend import ASCII, BLOCKS, bars, trend

sys.path.insert(0, str(Path(__file__).parent))
from terminal import Terminal

EVENT_TYPES = ("repo.sync.start", "repo.sync.finish")


@pytest.fixture
def ids(admin):
    """Of two listeners, `good` and `bad`: all attempts of the one delivered, and one of four of the other."""
    with EventBus.open(admin.config, deliver="external") as bus:
        good = bus.listeners.create("http", {"url": "http://ci.example/"}, ["*"], name="good").id
        bad = bus.listeners.create("email", {"subject": "x", "addresses": ["a@b.example"]}, ["*"], name="bad").id
        events = [
            NewEvent(f"e{n}", EVENT_TYPES[n % 2], time.time(), "", b"{}", [NewDelivery(good), NewDelivery(bad)])
            for n in range(4)
        ]
        bus.outbox.add(events)
        for listener_id, seconds in ((good, 0.1), (bad, 2.0)):
            for n, one in enumerate(bus.outbox.claim([ClaimRequest(listener_id, 9)], 60, "t").deliveries):
                fails = listener_id == bad and n > 0
                outcome = Outcome.TIMEOUT if fails else Outcome.DELIVERED
                attempt = Attempt(1, datetime.now(UTC), seconds, outcome, "")
                way = Transition.POSTPONE if fails else Transition.SUCCEED
                bus.outbox.record([Result(one, attempt, way, 60.0 if fails else None)])
    return {"good": good, "bad": bad}


def test_who_fails_most_stands_first_and_last_with_a_minus(admin, ids):
    run = admin.ok("event", "delivery", "stats", "--since=1d", "--sort=failing")
    heading, *lines, _, total = run.out.splitlines()
    assert heading.split()[:5] == ["LISTENER", "RATE", "DELIVERED", "FAILED", "FAILING"] and "TREND" not in heading
    assert [line.split()[0] for line in lines] == [ids["bad"], ids["good"]]
    assert re.search(rf"^{ids['bad']} +\S+/d +1 +3 +75\.0 % +0 +1\.8 +1\.8 +3 ", lines[0])
    assert total.startswith("5 deliveries and 3 failures from ") and total.endswith("; 3 pending")
    run = admin.ok("event", "delivery", "stats", "--sort=-failing", "--columns=failing")
    assert [line.split()[0] for line in run.out.splitlines()[1:3]] == [ids["good"], ids["bad"]]


def test_it_is_kept_apart_by_notifier_or_event_type_or_of_one_listener(admin, ids):
    def keys(*words):
        found = admin.ok("event", "delivery", "stats", "--json", *words).json["activity"]
        assert sum(each["delivered"] for each in found["groups"]) == found["total"]["delivered"]
        [name] = {next(iter(each)) for each in found["groups"]}
        return name, {each[name]: (each["delivered"], each["failed"]) for each in found["groups"]}

    assert keys("--by=notifier") == ("notifier", {"email": (1, 3), "http": (4, 0)})
    assert keys("--by=event-type") == ("event_type", {EVENT_TYPES[0]: (3, 1), EVENT_TYPES[1]: (2, 2)})
    assert keys("--listener-id=good") == ("listener", {ids["good"]: (4, 0)})
    assert keys("--by=event-type", "--listener-id=bad")[1] == {EVENT_TYPES[0]: (1, 1), EVENT_TYPES[1]: (0, 2)}
    group = admin.ok("event", "delivery", "stats", "--since=1h", "--json").json["activity"]["groups"][0]
    assert sum(each["delivered"] + each["failed"] for each in group["series"]) == sum(group["attempts"].values())


def test_without_options_there_are_counts_and_no_activity(admin, ids):
    assert admin.ok("event", "delivery", "stats", "--json").json["activity"] is None


def test_a_time_in_which_nothing_happened_says_so(admin):
    run = admin.ok("event", "delivery", "stats", "--since=1h")
    assert run.out == "" and "nothing happened from " in run.err
    assert admin("event", "delivery", "stats", "--until=2d", "--since=1d").code == 2


def test_on_a_terminal_there_is_a_trend(admin, ids):
    words = admin.command("event", "delivery", "stats", "--since=1h")
    terminal = Terminal(words, {**admin.environment, "PYTHONIOENCODING": "utf-8"}, 120)
    try:
        text, code = terminal.end()
    finally:
        terminal.close()
    assert code == 0 and re.search(r"TREND", text) and "█" in text


def test_a_trend_has_its_highest_bar_for_the_largest_number_and_none_for_nothing():
    assert trend([], 8) == "" and trend([0, 0], 8) == "··"
    for numbers in ([1], [0, 1, 2, 100], list(range(61)), [7] * 200):
        for width in (8, 13, 26):
            line = trend(numbers, width)
            assert len(line) <= width and "█" in line
    assert trend([0] * 60 + [5], 8)[-1] == "█" and set(trend([0] * 60 + [5], 8)[:-1]) == {"·"}


def test_a_terminal_without_blocks_gets_characters_that_it_has():
    assert bars(io.TextIOWrapper(io.BytesIO(), "utf-8")) == BLOCKS
    for encoding in ("ascii", "latin-1"):
        assert bars(io.TextIOWrapper(io.BytesIO(), encoding)) == ASCII
    assert trend([0, 1, 8], 8, ASCII) == "._#"


def test_a_listener_of_any_name_is_told_from_the_total(admin):
    admin.listener("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/", "--name=all")
    firsts = [line.split()[0] for line in admin.ok("event", "delivery", "stats").out.splitlines()]
    assert firsts.count("(all)") == 1
