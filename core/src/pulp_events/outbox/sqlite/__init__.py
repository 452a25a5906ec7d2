"""The outbox unless a plugin offers another: an SQLite database in WAL mode. All of its SQL is in this folder."""
