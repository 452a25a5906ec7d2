"""Names of schemas that PostgreSQL allows, and settings that a server, a database or a user may have."""

import psycopg
import pytest
from psycopg import sql

from pulp_events.errors import StoreError
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery, NewDelivery, NewEvent
from pulp_events.outbox.states import FINISHED
from pulp_events.testing.listener_store_contract import new_listener
from pulp_events.testing.outbox_contract import LISTENER, new_event, result
from pulp_events_postgres import set_up
from pulp_events_postgres.connections import Connections
from pulp_events_postgres.database import _channel


def go_the_way_of_an_event(home, eventually):
    """Everything that the stores do, once."""
    watcher, outbox, listeners = home.outbox(), home.outbox(), home.listeners()
    watcher.changed()
    watcher.database.listeners_changed = False
    listeners.add(new_listener())
    listeners.edit(lambda edit: None)
    if outbox.database.connections.listen:
        assert eventually(lambda: watcher.changed() and watcher.database.listeners_changed), "heard"
    outbox.add([new_event() for _ in range(3)])
    skipped = NewEvent(f"skipped {id(home)}", "repo.sync.start", 1.0, "", b"{}", [NewDelivery(LISTENER, "", "muted")])
    outbox.add([skipped, new_event()])
    with psycopg.connect(home.url, password="pw") as application:
        outbox.add([new_event()], connection=application)
        outbox.add([new_event(), new_event()], connection=application)
    assert eventually(watcher.changed)
    assert outbox.ready() == {LISTENER: 0}
    batch = outbox.claim([ClaimRequest(LISTENER, 9)], 60, "t").deliveries
    assert len(batch) == 7
    outbox.extend(batch, 60)
    outbox.record([result(batch[0], "succeed"), result(batch[1], "postpone", 100), result(batch[2], "give_up")])
    outbox.release(batch[3:])
    [head, *_] = outbox.claim([ClaimRequest(LISTENER, 1, ordered=True)], 60, "t").deliveries or [None]
    assert head is None, "an older one waits for its retry"
    [event] = outbox.claim([ClaimRequest(LISTENER, 1, window=900.0)], 60, "t").deliveries[:1]
    outbox.record([result(event, "succeed")])
    outbox.revive(DeliveryQuery(ids=[batch[2].id]), 1)
    assert outbox.stats().dead == 1 and outbox.health()[LISTENER].detail
    assert outbox.of_event(skipped.id)[0].detail == "muted"
    while outbox.maintain(dict.fromkeys(FINISHED, -1)):
        pass
    assert outbox.bury(LISTENER, "gone") > 0
    assert set_up.sizes(outbox.database.connections, outbox.database.schema)["delivery_table"]
    for store in (watcher, outbox, listeners):
        store.close()


ODD = ["ü" * 31, "per%cent", "%s", """it's "odd" """, "back\\slash", "dollar$$s", "@.at", "UPPER case", "x" * 63]


@pytest.mark.parametrize("name", ODD)
def test_a_schema_may_have_any_name(server, place_in_public, eventually, name):
    with server.connect(place_in_public.url.rpartition("/")[2]) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {} AUTHORIZATION pulp").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET search_path = {}").format(
                sql.Identifier(connection.info.dbname), sql.Identifier(name)
            )
        )
    go_the_way_of_an_event(place_in_public, eventually)
    connections = Connections(place_in_public.address())
    assert set_up.find_tables(connections).schema == name
    connections.close()


def test_channels_of_long_names_are_of_63_bytes_and_of_their_own():
    names = [*ODD, "ü" * 30 + "x", "x" * 62 + "y", "y" * 63]
    channels = [_channel(name) for name in names]
    assert max(len(channel.encode()) for channel in channels) <= 63
    assert len(set(channels)) == len(names)


SETTINGS = {
    "array_nulls": "off",
    "bytea_output": "escape",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "extra_float_digits": "-5",
    "standard_conforming_strings": "off",
    "DateStyle": "German, DMY",
    "IntervalStyle": "iso_8601",
    "lc_numeric": "C",
    "jit_above_cost": "0",
    "plan_cache_mode": "force_generic_plan",
    "search_path": "public, pg_catalog",
    "quote_all_identifiers": "on",
    "synchronous_commit": "off",
    "enable_indexscan": "off",
    "timezone": "Asia/Kathmandu",
    "xmloption": "document",
}


@pytest.fixture(params=[True, False], ids=["listening", "pooled"])
def odd_settings(request, server, place_in_public):
    """A database in which everything is set otherwise."""
    name = place_in_public.url.rpartition("/")[2]
    with server.connect(name) as connection:
        connection.execute("ALTER SCHEMA public OWNER TO pulp")
        (major,) = connection.execute("SELECT current_setting('server_version_num')::int / 10000").fetchone()
        for key, value in SETTINGS.items():
            if major >= 19 and key == "standard_conforming_strings":
                continue
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                    sql.Identifier(name), sql.Identifier(key),
                    sql.SQL(value) if key == "search_path" else sql.Literal(value),
                )
            )  # fmt: skip
    place_in_public.limits = {"listen": request.param}
    return place_in_public


def test_settings_of_the_database_or_the_user_change_nothing(odd_settings, eventually, monkeypatch):
    connect = psycopg.connect

    def writable(*arguments, **options):
        """The application sees to what it needs for itself."""
        opened = connect(*arguments, **options)
        if not opened.autocommit:
            opened.execute("SET TRANSACTION READ WRITE")
        return opened

    monkeypatch.setattr(psycopg, "connect", writable)
    go_the_way_of_an_event(odd_settings, eventually)


def test_views_that_claim_at_once_get_along_where_transactions_are_serializable(odd_settings):
    from concurrent.futures import ThreadPoolExecutor

    views = [odd_settings.outbox() for _ in range(4)]
    views[0].add([new_event() for _ in range(60)])

    def work(view):
        done = 0
        while found := view.claim([ClaimRequest(LISTENER, 3)], 60, "t").deliveries:
            view.record([result(one, "succeed") for one in found])
            done += len(found)
        return done

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, views)) == 60
    for view in views:
        view.close()


def test_a_transaction_of_the_application_that_is_read_only_is_told_so(odd_settings):
    outbox = odd_settings.outbox()
    with psycopg.connect(odd_settings.url, password="pw") as application, pytest.raises(StoreError, match="read-only"):
        outbox.add([new_event()], connection=application)
    outbox.close()
