"""What a library logs about a notifier's connections has no secret in it, whoever handles the record."""

import io
import json
import logging
import warnings

import pytest

from pulp_events.redaction.logs import ScrubbingFilter, scrub_our_threads
from pulp_events.redaction.scrubber import MASK, Scrubber
from pulp_events.worker.log import handler

SECRET = "hunter2-and-more"


def library_logs(event, config):
    logger = logging.getLogger("somelib.connectionpool")  # as urllib3's
    logger.debug('%s "POST /hook?key=%s"', "https://h:443", config["token"])
    try:
        raise ValueError(f"bad {config['token']}")
    except ValueError:
        logger.exception("retrying with %r", {"Authorization": config["token"]})


@pytest.fixture
def application_log():
    """An application's own handler on the root logger, as logging.basicConfig(level=DEBUG) makes it."""
    stream = io.StringIO()
    found, root = logging.StreamHandler(stream), logging.getLogger()
    level = root.level
    root.addHandler(found)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(found)
    root.setLevel(level)


@pytest.mark.parametrize("reference", [False, True])
def test_an_applications_log_has_no_secret_of_what_a_library_says_in_our_threads(
    recording_bus, recording, application_log, monkeypatch, reference
):
    monkeypatch.setenv("TOKEN", SECRET)
    bus = recording_bus(deliver="background")
    bus.listeners.create("recording", {"token": {"$env": "TOKEN"} if reference else SECRET}, ["*"])
    recording.act = library_logs
    assert bus.wait(bus.emit("repo.sync.start"), 30)[0].state == "delivered"
    text = application_log.getvalue()
    assert f"POST /hook?key={MASK}" in text and "Traceback" in text and "retrying with" in text
    assert SECRET not in text


def test_an_applications_own_records_are_left_as_they_are(application_log):
    known = Scrubber([SECRET])
    logging.getLogger("application").info("mine: %s", SECRET)
    assert f"mine: {SECRET}" in application_log.getvalue() and known


@pytest.mark.parametrize("as_json", [False, True])
def test_a_workers_log_has_no_secret_whichever_thread_or_logger_it_is(as_json, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    found = handler(as_json, stream)
    assert any(isinstance(each, ScrubbingFilter) for each in found.filters)
    known = Scrubber([SECRET])
    logger = logging.getLogger("somelib.deep")
    logger.addHandler(found)
    logger.propagate = False
    try:
        library_logs(None, {"token": SECRET})
        logging.getLogger("somelib.deep").warning("key %s", SECRET)
        try:
            raise ValueError(SECRET)
        except ValueError:
            logger.exception("it failed")
    finally:
        logger.removeHandler(found)
        logger.propagate = True
    text = stream.getvalue()
    assert known and SECRET not in text and MASK in text and "Traceback" in text
    if as_json:
        assert all(json.loads(line) for line in text.splitlines())


class Ours(Scrubber):
    """Those of this test: others may come and go at any moment, in threads that are left."""


def test_a_scrubber_that_is_gone_is_forgotten():
    from pulp_events.redaction import scrubber

    made = [Ours(["abcdef"]) for _ in range(100)]
    known = [each for each in list(scrubber.alive) if type(each()) is Ours]
    assert len(known) == 100
    del made
    assert not {id(each) for each in known} & {id(each) for each in list(scrubber.alive)}


@pytest.mark.filterwarnings("default")
def test_a_warning_that_a_library_gives_in_our_threads_shows_no_secret(recording_bus, recording):
    bus = recording_bus(deliver="background")
    bus.listeners.create("recording", {"token": SECRET}, ["*"])
    seen = []

    def note(message, *_):
        if "cannot use" in str(message):  # all threads of the process are heard
            seen.append(str(message))

    def act(event, config):
        with warnings.catch_warnings():
            warnings.showwarning = note
            scrub_our_threads()
            warnings.warn(f"cannot use {config['token']}", stacklevel=1)

    recording.act = act
    other = Scrubber([SECRET[:7]])  # of another listener
    assert bus.wait(bus.emit("repo.sync.start"), 30)[0].state == "delivered"
    assert seen == [f"cannot use {MASK}"]
    del other
