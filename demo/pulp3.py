"""`make demo-pulp3`: a real Pulp 3 on this machine alone, and what its listeners get.

Starts PostgreSQL, Pulp's API and worker, `pulp-admin event worker`, an SMTP and an HTTP server, and the files that are
synchronized, on free ports; makes two listeners; synchronizes a repository, then from a URL that is not there, and
publishes; shows what arrived; ends everything that it started.
"""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Callable
from contextlib import closing

from pulp_events_pulpcore.testing import FileServer, Missing, PulpServer

from pulp_events.testing.http_sink import HttpSink
from pulp_events.testing.smtp_sink import SmtpSink

BEGUN = time.monotonic()
POSTS = ("repo.sync.start", "repo.sync.finish", "repo.sync.start", "repo.sync.finish", "repo.publish.start",
         "repo.publish.finish")  # fmt: skip
"""What the HTTP endpoint is to get, in the order in which it happens."""
LIMIT = 30
"""Seconds that everything has to arrive in."""


def main() -> int:
    with SmtpSink() as smtp, HttpSink() as http, closing(FileServer()) as files:
        title("A Pulp 3: PostgreSQL, migrations, API, worker, and pulp-admin event worker")
        events = {"email": {"enabled": True, "host": smtp.host, "port": smtp.port, "from": "pulp@pulp.example"}}
        try:
            server = PulpServer(pulp_settings={"PULP_EVENTS": events})
        except Missing as error:
            print(f"demo-pulp3: {error}", file=sys.stderr)
            return 1
        with closing(server) as pulp:
            show_server(pulp, events)
            make_listeners(pulp, http.url)
            work(pulp, files)
            title("What arrived")
            complete = wait_for(lambda: len(http.requests) >= len(POSTS) and len(smtp.messages) >= 1)
            show_posts(http)
            show_mail(smtp)
            pulp_admin(pulp, "delivery stats")
            arrived = sorted(json.loads(request.body)["event_type"] for request in http.requests)
            complete = complete and arrived == sorted(POSTS) and len(smtp.messages) == 1
    title("Everything arrived; nothing is left running" if complete else "Something is missing or too much")
    return 0 if complete else 1


def show_server(pulp: PulpServer, events: dict[str, object]) -> None:
    status = pulp.api("status/")
    for each in status["versions"]:
        print(f"  {each['component']:8} {each['version']}")
    print(
        f"\n  settings.py has, beside what Pulp needs:\n\n  PULP_EVENTS = {json.dumps(events).replace('true', 'True')}"
    )


def make_listeners(pulp: PulpServer, url: str) -> None:
    title("The administrator connects event types with notifiers")
    pulp_admin(
        pulp,
        "listener email create --event-type=repo.sync.finish --filter=\"payload.result == 'failed'\" "
        "--format=readable --subject='Pulp: a sync failed' --addresses=ops@pulp.example",
    )
    pulp_admin(pulp, f"listener http create --event-type='repo.sync.*' --event-type='repo.publish.*' --url={url}/hook")


def work(pulp: PulpServer, files: FileServer) -> None:
    title("Pulp works, as every day")
    repository = pulp.repository("fedora-isos")
    good, bad = pulp.remote("mirror", files.url), pulp.remote("moved-mirror", files.missing_url)
    show_task("sync of three files", pulp.sync(repository, good))
    show_task("sync from a URL that is not there", pulp.sync(repository, bad))
    show_task("publish", pulp.publish(repository))


def show_task(what: str, task: dict[str, object]) -> None:
    print(f"  {what:36} {task['state']}")


def show_posts(http: HttpSink) -> None:
    print(f"  the HTTP endpoint got {len(http.requests)} requests:\n")
    for request in http.requests:
        report = json.loads(request.body)
        payload = report["payload"]
        wanted = ("repo_id", "user", "result", "added_count", "published_count", "error_message")
        shown = {key: payload[key] for key in wanted if payload.get(key) is not None}
        print(f"    {report['event_type']:20} {json.dumps(shown)}")
    print()


def show_mail(smtp: SmtpSink) -> None:
    print(f"  the mail server got {len(smtp.messages)} message, as one sync failed:\n")
    for received in smtp.messages:
        message = received.message
        for name in ("Subject", "From", "To"):
            print(f"    {name}: {message[name]}")
        body = message.get_body(("plain",))
        text = (body.get_content() if body else "").strip().splitlines()
        print("\n" + indent("\n".join(text[:14]) + ("\n…\n" if len(text) > 14 else "\n"), 4))


def pulp_admin(pulp: PulpServer, line: str) -> None:
    """Run pulp-admin as an administrator types it, showing both."""
    print(f"  $ pulp-admin event {line}")
    print(indent(pulp.pulp_admin(*shlex.split(line))))


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + LIMIT
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


def title(text: str) -> None:
    print(f"\n== {text} ({time.monotonic() - BEGUN:.0f} s) ==\n", flush=True)


def indent(text: str, width: int = 2) -> str:
    return "".join(" " * width + line if line.strip() else line for line in text.splitlines(keepends=True))


if __name__ == "__main__":
    sys.exit(main())
