"""A database in which a counter is increased, through each of the doors."""

import sqlite3
from contextlib import contextmanager

import psycopg
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from pulp_events_receiver.seen import django as of_django
from pulp_events_receiver.seen import postgres as of_postgres
from pulp_events_receiver.seen import sqlalchemy as of_sqlalchemy
from pulp_events_receiver.seen import sqlite as of_sqlite

COUNTER = ("CREATE TABLE counter (value INTEGER NOT NULL)", "INSERT INTO counter VALUES (0)")
INCREASE, VALUE = "UPDATE counter SET value = value + 1", "SELECT value FROM counter"
IDS = "SELECT count(*) FROM pulp_events_seen"


class Home:
    """`transaction()` gives what `Seen.first` takes; `run` runs a statement with it."""

    def seen(self, **options):
        return self.door(**options)

    def run(self, connection, statement):
        return connection.execute(statement)

    def ask(self, statement):
        with self.transaction() as connection:
            return self.run(connection, statement).fetchone()[0]

    def close(self):
        pass


class InSqlite(Home):
    door = of_sqlite.Seen

    def __init__(self, path):
        self.path = path
        with self.transaction() as connection:
            for _ in range(2):
                self.seen().create(connection)
            for statement in COUNTER:
                connection.execute(statement)

    @contextmanager
    def transaction(self):
        connection = sqlite3.connect(self.path, timeout=60)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    @contextmanager
    def outside(self):
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=60)
        yield connection
        connection.close()


class InPostgres(Home):
    door = of_postgres.Seen

    def __init__(self, where):
        self.where = f"host={where['host']} port={where['port']} dbname={where['name']} user=pulp password=pw"
        with self.transaction() as connection:
            for _ in range(2):
                self.seen().create(connection)
            for statement in COUNTER:
                connection.execute(statement)

    def transaction(self):
        return psycopg.connect(self.where)

    def outside(self):
        return psycopg.connect(self.where, autocommit=True)


class ThroughSqlalchemy(Home):
    door = of_sqlalchemy.Seen

    def __init__(self, url):
        self.engine = create_engine(url)
        with self.transaction() as session:
            for _ in range(2):
                self.seen().create(session)
            for statement in COUNTER:
                self.run(session, statement)

    def run(self, session, statement):
        return session.execute(text(statement))

    def transaction(self):
        return _begun(self.engine)

    def outside(self):
        return self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def close(self):
        self.engine.dispose()


@contextmanager
def _begun(engine):
    with Session(engine) as session, session.begin():
        yield session


def sqlalchemy_sqlite(path):
    return ThroughSqlalchemy(f"sqlite:///{path}")


def sqlalchemy_postgres(where):
    return ThroughSqlalchemy(f"postgresql+psycopg://pulp:pw@{where['host']}:{where['port']}/{where['name']}")


class InDjango(Home):
    door = of_django.Seen

    def __init__(self, database):
        import django
        from django.conf import settings
        from django.core.management import call_command
        from django.db import connections

        if not settings.configured:
            settings.configure(DATABASES={"default": database}, INSTALLED_APPS=["pulp_events_receiver.seen.django"])
            django.setup()
        connections.databases["default"] = connections.configure_settings({"default": database})["default"]
        if hasattr(connections._connections, "default"):
            del connections["default"]
        self.connections = connections
        call_command("migrate", verbosity=0)
        with self.transaction() as connection:
            for statement in COUNTER:
                self.run(connection, statement)

    def run(self, connection, statement):
        cursor = connection.cursor()
        cursor.execute(statement)
        return cursor

    @contextmanager
    def transaction(self):
        """Each thread has a connection of its own."""
        from django.db import transaction

        try:
            with transaction.atomic():
                yield self.connections["default"]
        finally:
            self.connections["default"].close()

    @contextmanager
    def outside(self):
        yield self.connections["default"]

    def close(self):
        self.connections.close_all()


def django_sqlite(path):
    return InDjango({"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": {"timeout": 60}})


def django_postgres(where):
    return InDjango({
        "ENGINE": "django.db.backends.postgresql", "NAME": where["name"], "USER": "pulp", "PASSWORD": "pw",
        "HOST": where["host"], "PORT": where["port"],
    })  # fmt: skip


HOMES = {
    "sqlite": InSqlite,
    "postgres": InPostgres,
    "sqlalchemy-sqlite": sqlalchemy_sqlite,
    "sqlalchemy-postgres": sqlalchemy_postgres,
    "django-sqlite": django_sqlite,
    "django-postgres": django_postgres,
}
