"""Counts what was synced, in SQLite: python flask_receiver.py FILE, with WEBHOOK_SECRET in the environment."""

import os
import sqlite3
import sys
from contextlib import closing

from flask import Flask, request

from pulp_events_receiver import Rejected, Verifier, read_http
from pulp_events_receiver.seen.sqlite import Seen

seen = Seen()


def connect(path: str) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(path, timeout=10))


def create_app(path: str, secrets: list[str]) -> Flask:
    app, verifier = Flask(__name__), Verifier(secrets)
    with connect(path) as connection, connection:
        seen.create(connection)
        connection.execute("CREATE TABLE IF NOT EXISTS synced (repo TEXT PRIMARY KEY, units INTEGER NOT NULL)")

    @app.post("/hook")
    def hook() -> tuple[str, int]:
        received = read_http(request.headers, request.get_data(), verifier)
        with connect(path) as connection, connection:  # one transaction
            if seen.first(connection, received.delivery_id) and not received.is_test:
                match received.payload:  # what has no count is not counted: it is the same in each attempt
                    case {"repo_id": str(repo), "added_count": int(added)} if repo.isprintable() and 0 <= added < 2**31:
                        connection.execute(
                            "INSERT INTO synced VALUES (?, ?) "
                            "ON CONFLICT (repo) DO UPDATE SET units = units + excluded.units",
                            (repo, added),
                        )
        return "", 204

    @app.errorhandler(Rejected)
    def rejected(error: Rejected) -> tuple[dict[str, str], int]:
        return {"error": str(error)}, error.status

    return app


if __name__ == "__main__":
    create_app(sys.argv[1], os.environ["WEBHOOK_SECRET"].split()).run(port=int(os.environ.get("PORT", "8000")))
