"""Django's DATABASES as the outbox is told them."""

import pytest
from psycopg.conninfo import conninfo_to_dict
from pulp_events_pulpcore.given import PLACE

from pulp_events.errors import SettingsError
from pulp_events_postgres.django_database import storage

BASE = {"ENGINE": "django.db.backends.postgresql", "NAME": "pulp", "USER": "pulp"}


def told(**database):
    """What libpq is told, and the password beside the URL."""
    found = storage({**BASE, **database}, PLACE)
    return conninfo_to_dict(found["url"]), found.get("password")


@pytest.mark.parametrize(
    ("database", "expected", "password"),
    [
        ({}, {"user": "pulp", "dbname": "pulp"}, None),
        ({"HOST": "db.example", "PORT": 5433, "PASSWORD": "pw"}, {"host": "db.example", "port": "5433"}, "pw"),
        ({"HOST": "", "PORT": "", "PASSWORD": ""}, {}, None),
        ({"HOST": "/var/run/postgresql", "PORT": "5433"}, {"host": "/var/run/postgresql", "port": "5433"}, None),
        ({"HOST": "2001:db8::1", "PORT": "5432"}, {"host": "2001:db8::1", "port": "5432"}, None),
        ({"HOST": "a,b", "PORT": "1,2"}, {"host": "a,b", "port": "1,2"}, None),
        ({"NAME": "a b/ü?%", "USER": "x@y:z"}, {"dbname": "a b/ü?%", "user": "x@y:z"}, None),
        ({"USER": "", "HOST": "h"}, {"host": "h"}, None),
        ({"PASSWORD": "p@:/?#%ü"}, {}, "p@:/?#%ü"),
        ({"PASSWORD": "env:HOME", "HOST": "h"}, {"password": "env:HOME", "host": "h"}, None),
        ({"PASSWORD": "file:/x", "USER": ""}, {"password": "file:/x"}, None),
        (
            {"OPTIONS": {"sslmode": "verify-full", "sslrootcert": "/etc/ca b.pem", "connect_timeout": 5}},
            {"sslmode": "verify-full", "sslrootcert": "/etc/ca b.pem", "connect_timeout": "5"},
            None,
        ),
        ({"OPTIONS": {"pool": True, "isolation_level": 2, "server_side_binding": True}}, {}, None),
        ({"OPTIONS": {"options": "-c a=b", "assume_role": "x y"}}, {"options": "-c a=b -c role=x\\ y"}, None),
        ({"NAME": "", "USER": "", "OPTIONS": {"service": "pulp"}}, {"service": "pulp"}, None),
        ({"OPTIONS": None, "PORT": None, "HOST": None, "PASSWORD": None}, {}, None),
    ],
)
def test_the_outbox_goes_where_django_goes(database, expected, password):
    found, beside = told(**database)
    whole = {"user": "pulp", "dbname": "pulp", **expected}
    for name, key in (("user", "USER"), ("dbname", "NAME")):
        if database.get(key) == "":
            whole.pop(name, None)
    assert found == whole and beside == password


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ({"OPTIONS": {"ssl_mode": "x"}}, r"OPTIONS\['ssl_mode'\] is no parameter"),
        ({"OPTIONS": {"sslcert": object()}}, r"OPTIONS\['sslcert'\] is of type object"),
        ({"ENGINE": "django.db.backends.sqlite3"}, "ENGINE is 'django.db.backends.sqlite3'"),
    ],
)
def test_what_cannot_be_told_is_one_clear_error(database, said):
    with pytest.raises(SettingsError, match=rf"^DATABASES\['default'\] in Pulp's settings: {said}"):
        told(PASSWORD="hunter2", **database)
