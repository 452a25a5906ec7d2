"""For Celery: each process of the pool has a bus, from its start to its end."""

import os
from pathlib import Path

from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown

from pulp_events import EventBus

FOLDER = os.environ.get("QUEUE", "queue")  # of the transport that keeps messages in files
app = Celery("tasks", broker=os.environ.get("BROKER", "amqp://localhost"))
app.conf.broker_transport_options = {"data_folder_in": FOLDER, "data_folder_out": FOLDER, "control_folder": FOLDER}
bus: EventBus


@worker_process_init.connect
def open_bus(**_: object) -> None:
    global bus
    bus = EventBus.open()


@worker_process_shutdown.connect
def close_bus(**_: object) -> None:
    bus.close()


@app.task
def sync(repo: str) -> None:
    event = bus.emit("repo.sync.start", {"repo_id": repo})
    with Path(os.environ["EMITTED"]).open("a") as file:
        file.write(f"{event.id}\n")
