"""Serves the Flask example on an open socket, its file descriptor the second argument, so that it survives a kill.

As under systemd's socket activation, whoever connects meanwhile waits for the next one. What is dropped is counted.
"""

import os
import socket
import sys
from pathlib import Path

import waitress

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
import flask_receiver


class Counting(flask_receiver.Seen):
    def create(self, connection):
        super().create(connection)
        connection.execute("CREATE TABLE IF NOT EXISTS dropped (delivery_id TEXT)")

    def first(self, connection, delivery_id):
        first = super().first(connection, delivery_id)
        if not first:
            connection.execute("INSERT INTO dropped VALUES (?)", (delivery_id,))
        return first


flask_receiver.seen = Counting()
app = flask_receiver.create_app(sys.argv[1], os.environ["WEBHOOK_SECRET"].split())
print("ready", flush=True)
waitress.serve(app, sockets=[socket.socket(fileno=int(sys.argv[2]))], threads=4)
