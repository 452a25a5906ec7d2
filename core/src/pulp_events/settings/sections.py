"""The sections of server.conf that core reads: their keys, defaults and meaning."""

from __future__ import annotations

import os
import re
import socket

from marshmallow import Schema, ValidationError, fields, validate

from pulp_events.fields import Duration, Size, Words
from pulp_events.outbox.states import FINISHED
from pulp_events.settings.paths import NO_HOME, is_home_known
from pulp_events.settings.untrusted import UntrustedSettings


def default_data_dir() -> str:
    """`/var/lib/pulp/events` for root, else the platform's folder for user data."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return "/var/lib/pulp/events"
    if not is_home_known() and not os.environ.get("XDG_DATA_HOME", "").startswith("/"):
        return NO_HOME  # an error where it is used, and not where another folder is named
    from platformdirs import user_data_path  # not needed by most starts

    return str(user_data_path("pulp") / "events")


def _path_of_database(text: str) -> None:
    if text.startswith((":", "file:", "sqlite:")) or re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        raise ValidationError("Write the path of a file: deliveries must outlive the process, and a URL is not a path.")


class EventsSettings(Schema):
    """`[events]`"""

    data_dir = fields.String(
        load_default=default_data_dir,
        validate=validate.Predicate("strip", error="Name a folder."),
        metadata={
            "help": "folder for the listener records and the outbox; only its owner can read it. A relative path "
            "starts "
            "at the folder of server.conf",
            "path": True,
        },
    )
    outbox = fields.String(
        load_default="",
        validate=_path_of_database,
        metadata={
            "help": "file of the outbox, such as an application's own SQLite database for transactional emit; "
            "default: outbox.sqlite in data_dir. A relative path starts at the folder of server.conf",
            "path": True,
        },
    )
    max_event_bytes = fields.Integer(
        load_default=262144,
        validate=validate.Range(min=1024, max=64 * 1024 * 1024),
        metadata={"help": "largest report, in bytes, that emit accepts"},
    )
    keep = fields.String(
        load_default="matched",
        validate=validate.OneOf(["matched", "all"]),
        metadata={"help": "events that are stored: those that a listener matches, or all"},
    )
    keep_for = Duration(
        load_default=None,
        allow_none=True,
        metadata={
            "help": "how long an event is kept at least, and longer while it has deliveries; default: keep_delivered "
            "in section [delivery]"
        },
    )
    keep_history = Duration(
        load_default=365 * 86400.0,
        metadata={
            "help": "how long it is kept who changed which listener, and how; 0s: not at all, nor what was kept before"
        },
    )
    max_backlog = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(min=1),
        metadata={"help": "pending deliveries beyond which emit stores no more; default: no limit"},
    )
    min_free_disk = Size(
        load_default=None,
        allow_none=True,
        metadata={"help": "space on the outbox's disk, such as 2G, below which emit stores no more; default: no limit"},
    )
    when_full = fields.String(
        load_default="refuse",
        validate=validate.OneOf(["refuse", "drop"]),
        metadata={
            "help": "beyond max_backlog or min_free_disk, emit raises StoreFull, or drops the event, which is counted "
            "and logged"
        },
    )
    payloads = fields.String(
        load_default="warn",
        validate=validate.OneOf(["off", "warn", "strict"]),
        metadata={
            "help": "what emit does with a payload that does not fit the schema of its event type: off: nothing, it is "
            "not checked; warn: log it, once for each kind of fault; strict: refuse it"
        },
    )
    source = fields.String(
        load_default=lambda: socket.gethostname(),
        metadata={"help": "name of the place that events come from; default: the host name"},
    )


class DeliverySettings(Schema):
    """`[delivery]`"""

    retry_schedule = Words(
        Duration(minimum=0.001),
        load_default=lambda: [5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 36000.0],
        validate=validate.Length(max=100),
        metadata={
            "help": "delays between the attempts of a delivery; if the last attempt fails too, the delivery is dead"
        },
    )
    max_age = Duration(
        minimum=1.0,
        load_default=None,
        allow_none=True,
        metadata={
            "help": "how long a receiver may postpone a delivery with Retry-After before that uses up retry_schedule; "
            "default: twice the length of the schedule"
        },
    )
    jitter = fields.Float(
        load_default=0.2,
        validate=validate.Range(min=0, max=1),
        metadata={"help": "fraction of each delay by which it is randomly varied, up or down"},
    )
    lanes = fields.Integer(
        load_default=4,
        validate=validate.Range(min=1, max=64),
        metadata={"help": "maximum number of concurrent deliveries per listener; 1 keeps their order"},
    )
    concurrency = fields.Integer(
        load_default=256,
        validate=validate.Range(min=4, max=10_000),
        metadata={
            "help": "maximum number of concurrent attempts in one process, for all listeners; an eighth of them "
            "is reserved for listeners that answer quickly"
        },
    )
    lease = Duration(
        minimum=1.0,
        load_default=60.0,
        metadata={"help": "how long after a worker dies its deliveries are taken over"},
    )
    durability = fields.String(
        load_default="full",
        validate=validate.OneOf(["full", "normal"]),
        metadata={"help": "full: emit returns once the event is on disk; normal: events survive a crash of the "
                          "process, but a power failure can lose those that the system had not yet written"},
    )  # fmt: skip
    while_disabled = fields.String(
        load_default="wait",
        validate=validate.OneOf(["wait", "skip"]),
        metadata={
            "help": "events of a disabled listener wait until it is enabled, or are skipped (and recorded as such)"
        },
    )
    disable_after = Duration(
        minimum=1.0,
        load_default=432000.0,
        metadata={"help": "a listener that has only failed for this long is disabled"},
    )
    log_attempts = fields.Boolean(
        load_default=False,
        metadata={
            "help": "log a line at INFO for each attempt, also for those that delivered; false: for those that failed, "
            "those that are alike together"
        },
    )

    class Meta:
        """What follows from the states of deliveries."""

        include = {  # noqa: RUF012  # marshmallow's
            state.keep_setting: Duration(
                load_default=state.keep, metadata={"help": f"how long {state} deliveries stay listed"}
            )
            for state in FINISHED
        }


class AboutSettings(Schema):
    """`[about]`: events about events. Without a listener for them, nothing is looked at."""

    every = Duration(
        minimum=0.1,
        load_default=10.0,
        metadata={"help": "how often a process that delivers looks at what became of listeners and deliveries"},
    )
    failing_after = fields.Integer(
        load_default=3,
        validate=validate.Range(min=1),
        metadata={"help": "failed attempts in a row after which a listener is said to be failing"},
    )
    repeat = Duration(
        load_default=3600.0,
        metadata={
            "help": "how often the same is said of the same listener, at most: that deliveries are dead, that they "
            "have one attempt left, that it is failing again; how many there were meanwhile is said in the next one"
        },
    )
    backlog = fields.Integer(
        load_default=100_000,
        validate=validate.Range(min=1),
        metadata={"help": "pending deliveries from which on it is said that there are too many"},
    )
    backlog_age = Duration(
        minimum=1.0,
        load_default=None,
        allow_none=True,
        metadata={
            "help": "age of the oldest pending delivery from which on it is said that it is too old; default: it is "
            "not looked at"
        },
    )


class StorageSettings(Schema):
    """`[storage]`: another home for listeners and deliveries, which a plugin brings."""

    url = fields.String(
        load_default="",
        metadata={
            "help": "database for listeners and deliveries, such as postgresql://pulp@db.example/pulp; "
            "default: files in data_dir",
            "secret": True,
        },
    )
    password = fields.String(
        load_default="",
        metadata={
            "help": "its password, if url has none: the text itself, env:NAME or file:PATH",
            "secret": True,
            "resolved": False,  # whoever takes the URL reads it, when it connects
        },
    )
    listeners = fields.String(
        load_default="",
        metadata={
            "help": "plugin that stores the listeners, by its name in `event plugin list`, or files; default: the one "
            "that offers to, else files"
        },
    )
    outbox = fields.String(
        load_default="",
        metadata={"help": "plugin that stores events and deliveries, in the same way"},
    )
    pool_size = fields.Integer(
        load_default=4,
        validate=validate.Range(min=1, max=100),
        metadata={"help": "maximum number of database connections per process"},
    )
    idle = Duration(
        minimum=0.1,
        load_default=60.0,
        metadata={"help": "after which time a database connection that nobody needed is closed; workers keep the one "
                          "that wakes them"},
    )  # fmt: skip
    schema = fields.String(
        load_default="",
        metadata={"help": "schema of the database that the tables are in; default: the first of search_path"},
    )
    migrate = fields.Boolean(
        load_default=True,
        metadata={
            "help": "make the tables of the database, and bring them up to date, when it is opened; false: only "
            "check them, as the application makes them, or `event storage migrate`"
        },
    )
    timeout = Duration(
        minimum=0.1,
        load_default=30.0,
        metadata={
            "help": "time limit for connecting and for each statement; with files, for waiting for another transaction"
        },
    )
    emit_timeout = Duration(
        minimum=0.001,
        load_default=None,
        allow_none=True,
        metadata={"help": "time limit for emit to wait for other transactions; default: timeout"},
    )
    listen = fields.Boolean(
        load_default=True,
        metadata={
            "help": "let the database wake workers; false: poll, which is needed behind a pooler in transaction mode"
        },
    )


CORE_SECTIONS: dict[str, type[Schema]] = {
    "events": EventsSettings,
    "delivery": DeliverySettings,
    "storage": StorageSettings,
    "about": AboutSettings,
    "untrusted": UntrustedSettings,
}
