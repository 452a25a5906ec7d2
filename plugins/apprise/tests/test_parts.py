"""URLs told apart, labelled and scrubbed; channels without a bus; the command line."""

import ast
import threading
from pathlib import Path

import pytest

import pulp_events
import pulp_events_apprise
from pulp_events import PermanentFailure, TransientFailure
from pulp_events.testing.admin import Admin
from pulp_events.testing.factory import make_delivery
from pulp_events.testing.http_sink import Answer, HttpSink
from pulp_events_apprise.config import AppriseConfig
from pulp_events_apprise.notifier import AppriseNotifier
from pulp_events_apprise.scrubbing import scrubber
from pulp_events_apprise.urls import labels, split


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("json://a", ["json://a"]),
        ("json://a,ntfy://b/c", ["json://a", "ntfy://b/c"]),
        (" json://a, \n ntfy://b/c ,\n", ["json://a", "ntfy://b/c"]),
        ("mailto://h?to=a@x.example,b@x.example json://a", ["mailto://h?to=a@x.example,b@x.example", "json://a"]),
        ("nonsense", ["nonsense"]),
        (" ,\n", []),
    ],
)
def test_a_text_is_split_where_a_url_begins(text, urls):
    assert split(text) == urls


def test_labels_count_the_urls_of_a_scheme():
    urls = ["slack://a/b/c", "ntfy://x/y", "SLACK://d/e/f", "slack://g/h/i"]
    assert labels(urls) == dict(zip(["slack", "ntfy", "slack 2", "slack 3"], urls, strict=True))


def test_equal_urls_are_one():
    assert AppriseConfig().load({"url": "json://localhost/x json://localhost/x"})["url"] == ["json://localhost/x"]


def test_what_apprise_shows_of_a_host_stays_readable():
    scrub = scrubber([("json://ci.example:8080/t0ken", "json://ci.example:8080/t0ken/?method=POST")])
    assert scrub("JSON POST URL: http://ci.example:8080/t0ken") == "JSON POST URL: http://ci.example:8080********"


def test_a_url_or_template_that_cannot_be_used_at_opening_is_permanent():
    for config in (
        {"url": ["slack://t0ken"], "format": "text"},
        {"url": ["json://localhost"], "format": "text", "body": "{{"},
    ):
        with pytest.raises(PermanentFailure) as failure, AppriseNotifier().open(config, {}):
            pass
        assert "t0ken" not in str(failure.value)


def test_what_one_thread_logs_is_not_told_by_another():
    """Each failure has the words for its own answer, though both happen at the same time."""
    with HttpSink(Answer(500, delay=0.05)) as first, HttpSink(Answer(404, delay=0.05)) as second:
        texts = {}
        barrier = threading.Barrier(2, timeout=60)

        def work(sink):
            config = {"url": [f"json://127.0.0.1:{sink.port}/"], "format": "text"}
            with AppriseNotifier().open(config, {}) as channel:
                for _ in range(5):
                    barrier.wait()
                    with pytest.raises(TransientFailure) as failure:
                        channel.send(make_delivery(target="json"))
                    texts.setdefault(sink.port, []).append(str(failure.value))

        threads = [threading.Thread(target=work, args=(sink,)) for sink in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all("error=500" in text and "404" not in text for text in texts[first.port])
        assert all("error=404" in text and "500" not in text for text in texts[second.port])
        assert len(texts[first.port]) == len(texts[second.port]) == 5


def test_the_command_line_takes_several_urls_and_shows_none(bus, tmp_path):
    admin = Admin(bus.settings.path, bus.plugins)
    secrets = tmp_path / "urls"
    secrets.write_text("json://pulp:s3cr3t-word@127.0.0.1/x\nntfy://127.0.0.1/t0pic\n")
    create = ("event", "listener", "apprise", "create", "--event-type=repo.#")
    for options in (
        ("--url=json://pulp:s3cr3t-word@127.0.0.1/x", "--url=ntfy://127.0.0.1/t0pic", "--format=markdown"),
        (f"--url=@{secrets}",),
        ("--url=env:PULP_TEST_URLS",),
    ):
        done = admin(*create, *options)
        assert done.code == 0, done.err
    shown = admin("event", "listener", "list").out
    assert "s3cr3t-word" not in shown and "t0pic" not in shown and "env:PULP_TEST_URLS" in shown
    assert [one.targets for one in bus.listeners.list()] == [("json", "ntfy"), ("json", "ntfy"), ("",)]
    refused = admin(*create, "--url=slack://t0ken")
    assert refused.code == 2 and "not a complete slack:// URL" in refused.err and "t0ken" not in refused.err


def test_it_is_written_with_the_public_surface_alone():
    """It is the proof that a third party can: only what docs/stability.md promises is imported."""
    promised = {"pulp_events", *(f"pulp_events.{name}" for name in ("fields", "templates", "deadline", "visible"))}
    for path in Path(pulp_events_apprise.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "pulp_events":
                assert node.module in promised, f"{path.name}: {node.module}"
                assert node.module != "pulp_events" or {each.name for each in node.names} <= set(pulp_events.__all__)


def test_a_preview_is_the_title_and_the_body():
    delivery = make_delivery()
    config = {"format": "text", "title": "{{ event_type }}", "body": "of {{ payload.repo_id }}"}
    preview = AppriseNotifier().preview([delivery], config, {})
    assert preview == f"{delivery.event_type}\n\nof {delivery.event.payload.get('repo_id', '')}"
    with pytest.raises(PermanentFailure, match="body"):
        AppriseNotifier().preview([delivery], {**config, "body": "{{ 1 / 0 }}"}, {})
