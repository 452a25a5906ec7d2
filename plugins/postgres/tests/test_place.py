"""With everything in a database, a worker's log and `config check` name that, and no folder that is not used."""

import logging
import os

from pulp_events import EventBus, Plugins
from pulp_events.testing.admin import Admin
from pulp_events.worker.worker import Worker


def test_a_worker_says_which_database_it_delivers_from(conf, url, caplog, tmp_path):
    database = url.rpartition("/")[2]
    with EventBus.open(conf, deliver="external") as bus:
        place = bus.place
    assert place.startswith("PostgreSQL at 127.0.0.1:") and place.endswith(f"/{database}, schema public")
    worker = Worker(lambda: EventBus.open(conf))
    worker._on_stop()
    with caplog.at_level(logging.INFO):
        assert worker.run() == 0
    assert f"worker {os.getpid()} delivers from {place}" in caplog.text
    assert str(tmp_path) not in caplog.text and "pw@" not in caplog.text


def test_listeners_in_files_and_deliveries_in_a_database_are_both_named(conf, tmp_path):
    settings = {"storage": {"listeners": "files"}}
    with EventBus.open(conf, settings=settings, deliver="external") as bus:
        assert bus.place.startswith("PostgreSQL at ")
        assert bus.place.endswith(f", for listeners in {tmp_path / 'data' / 'listeners.json'}")


def test_config_check_names_the_database_and_no_folder(conf, tmp_path):
    run = Admin(conf, Plugins.load())("event", "config", "check")
    assert "listeners" in run.out and run.out.count("in PostgreSQL at ") == 2, run.out
    assert "data folder" not in run.out and str(tmp_path / "data") not in run.out
    conf.write_text(conf.read_text() + "listeners = files\n")
    assert "data folder" in Admin(conf, Plugins.load())("event", "config", "check").out
