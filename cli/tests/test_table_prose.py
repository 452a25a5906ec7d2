"""What a table of 80 columns says in words is what an administrator looks at it for."""

import pytest

from pulp_events import EventBus
from pulp_events.network_errors import explain
from pulp_events.outbox.records import ClaimRequest
from pulp_events.testing.outbox_contract.home import result
from pulp_events_cli.output.fitting import Wish, fit
from pulp_events_cli.output.kinds import DETAIL


@pytest.fixture
def refused_ones(admin):
    """Four deliveries to an endpoint that refuses connections, of which three wait for their retry."""
    said = f"127.0.0.1:40001: {explain(ConnectionRefusedError(111, 'Connection refused'))}"
    with EventBus.open(admin.config, deliver="external") as bus:
        made = bus.listeners.create("http", {"url": "http://127.0.0.1:40001/"}, ["*"], name="ci")
        for number in range(4):
            bus.emit("repo.sync.finish", {"repo_id": "a"}, id=f"01a219e{number}")
        taken = bus.outbox.claim([ClaimRequest(made.id, 3)], 60, "t").deliveries
        bus.outbox.record([result(each, "postpone", 36000.0, said) for each in taken])


@pytest.mark.slow
def test_the_reason_of_a_failure_is_seen_at_80_columns(lines, refused_ones):
    heading, *rows = lines(80, "event", "delivery", "list", "--state=pending")
    assert "STATE" not in heading and {"NEXT", "WAITS", "DETAIL"} <= {*heading.split()}
    assert [row.endswith("Connection refused") for row in rows] == [False, True, True, True]
    heading, *rows = lines(80, "event", "delivery", "list")
    assert "STATE" in heading and "Connection r" in rows[-1], "what is the same for all is cut first"


@pytest.mark.slow
def test_what_was_asked_for_stands_there_where_there_is_room_and_where_it_is_named(lines, admin, refused_ones):
    words = ("event", "delivery", "list", "--state=pending")
    assert "STATE" in lines(200, *words)[0] and "STATE" in admin.ok(*words).out.splitlines()[0]
    assert "STATE" in lines(80, *words, "--columns=id,state,detail,next")[0]


@pytest.mark.parametrize(
    ("text", "shortest"),
    [
        ("127.0.0.1:40001: the connection failed: Connection refused", "Connection refused"),
        ("[2001:db8::1%eth0]:443: no answer in time", "no answer in time"),
        ("hook.example:443: its certificate is not valid: expired", "its certificate is not valid: expired"),
        ("RCPT: 550 5.1.1 No such user", "RCPT: 550 5.1.1 No such user"),
        ("404 Not Found: see hook.example:80: gone", "404 Not Found: see hook.example:80: gone"),
        ("12:30: too late", "too late"),
        ("the connection failed: ", "the connection failed: "),
        ("", ""),
    ],
)
def test_a_detail_loses_whom_it_is_about_and_nothing_else(text, shortest):
    first, *_, last = DETAIL.levels([text], None)
    assert first == [text] and last == [shortest]


def test_times_stay_short_until_prose_is_whole():
    time, prose = Wish((23, 19, 14, 11), rank=5), Wish((50,), rank=3, least=12)
    for room in range(30, 90):
        places = {each.column: each for each in fit([time, prose], room)}
        if 1 in places and places[1].width < 50 and 0 in places:
            assert places[0].width == 11, room
    assert [each.width for each in fit([time, prose], 75)] == [23, 50]


def test_what_is_implied_is_left_out_before_anything_is_cut():
    state, prose = Wish((9,), rank=1, implied=True), Wish((30,), rank=3, least=12)
    assert [each.column for each in fit([state, prose], 41)] == [0, 1]
    assert [(each.column, each.width) for each in fit([state, prose], 40)] == [(1, 30)]
    assert [each.column for each in fit([state, prose], 40, chosen=True)] == [0, 1]
    assert [each.column for each in fit([state], 5)] == [0]
