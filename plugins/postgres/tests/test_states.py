"""The table of states decides what this store does, and no statement knows better."""

import importlib.util
from pathlib import Path

from pulp_events.outbox import states
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery
from pulp_events.outbox.states import TRANSITIONS, State, Transition, Way
from pulp_events.testing.outbox_contract import LISTENER, new_event, result
from pulp_events_postgres import ledger

ROOT = Path(__file__).resolve().parents[3]
_spec = importlib.util.spec_from_file_location("new_state", ROOT / "tests/new_state.py")
new_state = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(new_state)
NEW_STATE = """
from pulp_events_postgres.address import make
from pulp_events_postgres.database import Database
from pulp_events_postgres.outbox import PostgresOutbox
claims(PostgresOutbox(Database(make(sys.argv[2], "pw"))))
"""


def test_the_store_does_what_the_table_says(place, monkeypatch):
    other = {**TRANSITIONS, Transition.REVIVE: Way(State.DELIVERED, State.DEAD)}
    after = states._AFTER_ATTEMPT
    monkeypatch.setitem(after, Transition.GIVE_UP, Way(State.PENDING, State.DELIVERED, leased_before=False))
    monkeypatch.setitem(after, Transition.SUCCEED, Way(State.DEAD, State.DELIVERED))
    monkeypatch.setattr(ledger, "TRANSITIONS", other)
    outbox = place.outbox()
    outbox.add([new_event() for _ in range(3)])

    def found():
        return [one.state for one in outbox.find(DeliveryQuery(), 9)][::-1]

    one, two, _ = outbox.claim([ClaimRequest(LISTENER, 3)], 60, "t").deliveries
    assert outbox.record([result(one, "give_up"), result(two, "succeed")]) == [True, False]
    assert found() == ["delivered", "pending", "pending"]
    assert outbox.revive(DeliveryQuery(), 9) == 1
    assert found() == ["dead", "pending", "pending"]
    outbox.close()


def test_a_new_state_is_stored_counted_and_cleaned(url, tmp_path):
    new_state.copy(tmp_path, "plugins/postgres/src/pulp_events_postgres")
    new_state.run(tmp_path, new_state.STORE + NEW_STATE, url)


def test_no_function_in_the_database_lists_the_states_that_end_a_delivery(place):
    outbox = place.outbox()
    rows = outbox.database.rows(
        "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = (SELECT relnamespace FROM pg_class WHERE oid = "
        "@(pulp_event)) AND starts_with(proname, 'pulp')"
    )
    outbox.close()
    assert len(rows) > 10
    assert [name for name, source in rows if "'dead'" in source or "'delivered'" in source] == []
