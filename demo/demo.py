"""`make demo`: the main job from end to end, on this machine alone.

Starts an SMTP server, an HTTP server and an AMQP 1.0 broker inside this process, on free ports; creates a listener of
each type with `pulp-admin`; lets an application of its own process emit the guide's four events; shows what arrived.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from pulp_events.testing.http_sink import HttpSink
from pulp_events.testing.smtp_sink import SmtpSink
from pulp_events_amqp.testing import AmqpBroker

BIN = Path(sys.executable).parent
EVENTS = 4


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="pulp-events-demo-") as folder, SmtpSink() as smtp, HttpSink() as http:
        with AmqpBroker() as broker:
            title("Three servers, on free ports")
            print(f"  SMTP  {smtp.host}:{smtp.port}\n  HTTP  {http.url}\n  AMQP  {broker.url}\n")
            config = Path(folder, "server.conf")
            config.write_text(
                f"[events]\ndata_dir = {folder}/data\nsource = demo\n\n"
                f"[email]\nenabled = true\nhost = {smtp.host}\nport = {smtp.port}\nfrom = no-reply@your.domain\n\n"
                f"[messaging]\nurl = {broker.url}\n"
            )
            os.environ["PULP_EVENTS_CONFIG"] = str(config)
            title("server.conf")
            print(indent(config.read_text()))

            title("The administrator connects event types with notifiers")
            pulp_admin(
                "event listener email create --event-type='repo.*.finish' --subject='pulp notification' "
                "--addresses=someone@redhat.com,another@redhat.com"
            )
            pulp_admin(f"event listener http create --event-type='repo.sync.*' --url={http.url}/hook")
            pulp_admin("event listener amqp create --event-type='*' --exchange=pulp")
            pulp_admin("event listener list")

            title("The application emits events (demo/application.py)")
            application = Path(__file__).with_name("application.py")
            print(indent(application.read_text().partition('"""\n\n')[2]))
            subprocess.run([sys.executable, str(application)], check=True)

            title("What each server received")
            show_mail(smtp)
            show_posts(http)
            show_messages(broker)
            pulp_admin("event delivery stats")
            complete = len(smtp.messages) == 4 and len(http.requests) == 2 and len(broker.messages) == EVENTS
            if os.environ.get("WEB"):
                title("The console, on what happened here; Ctrl-C ends it")
                serve_console(http)
    title("Everything arrived; nothing is left running" if complete else "Something is missing")
    return 0 if complete else 1


def pulp_admin(line: str) -> None:
    """Run pulp-admin as an administrator types it, showing both."""
    print(f"  $ pulp-admin {line}")
    command = [str(BIN / "pulp-admin"), *shlex.split(line)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(indent(done.stdout + done.stderr))
    if done.returncode:
        sys.exit(f"pulp-admin ended with exit code {done.returncode}")


def serve_console(http: HttpSink) -> None:
    """Until Ctrl-C, which the server and the worker get too.

    The token is a trusted one: who may change listeners of the machine's administrators, and have events sent to it.
    """
    pulp_admin("event web token create --role admin --trusted --name demo")
    print(f"  Log in with that token. A listener that you make may send to {http.url}/hook too.\n", flush=True)
    command = str(BIN / "pulp-admin")
    with subprocess.Popen([command, "event", "worker"], stderr=subprocess.DEVNULL) as worker:
        try:
            with contextlib.suppress(KeyboardInterrupt):
                subprocess.run([command, "event", "web", "--listen=127.0.0.1:0"], check=False)
        finally:
            worker.terminate()


def show_mail(smtp: SmtpSink) -> None:
    print(f"  email: {len(smtp.messages)} messages, one for each recipient and finished operation; the first:\n")
    message = smtp.wait_for(4)[0].message
    for name in ("Subject", "From", "To", "Date", "Message-ID", "Content-Type"):
        print(f"    {name}: {message[name]}")
    print("\n" + indent(message.get_content(), 4))


def show_posts(http: HttpSink) -> None:
    print(f"  http: {len(http.requests)} requests")
    for request in http.wait_for(2):
        print(f"    POST {request.path}  {request.headers['content-type']}  {describe(json.loads(request.body))}")
    print()


def show_messages(broker: AmqpBroker) -> None:
    received = broker.wait_for(EVENTS)
    print(f"  amqp: {len(received)} messages in exchange {received[0].exchange!r}, which was created automatically")
    for message in received:
        print(f"    subject {message.subject:20}  {describe(message.json)}")
    print()


def describe(report: dict[str, dict[str, object]]) -> str:
    """A report in a few words."""
    payload = report["payload"]
    shown = {key: payload[key] for key in ("repo_id", "result", "added_count", "error_message") if key in payload}
    return f"{report['event_type']} {json.dumps(shown)}"


def title(text: str) -> None:
    print(f"\n== {text} ==\n", flush=True)


def indent(text: str, width: int = 2) -> str:
    return "".join(" " * width + line if line.strip() else line for line in text.splitlines(keepends=True))


if __name__ == "__main__":
    sys.exit(main())
