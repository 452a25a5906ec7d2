"""The email notifier does what the framework asks of every notifier."""

from email import message_from_bytes
from email.policy import default

import pytest

from pulp_events.testing.endpoint import Arrival
from pulp_events.testing.fault_proxy import FaultProxy
from pulp_events.testing.notifier_contract import NotifierContract
from pulp_events.testing.smtp_sink import SmtpSink
from pulp_events_email.notifier import EmailNotifier


class SmtpEndpoint:
    """The mailboxes of some addresses."""

    secrets = ("s3cr3t-password",)
    more_config = {}

    def __init__(self, sink, proxy, *addresses):
        self.sink, self.proxy = sink, proxy
        self.config = {"subject": "pulp notification", "addresses": list(addresses), **self.more_config}

    @property
    def settings(self):
        return {
            "email": {
                "enabled": "true", "host": "127.0.0.1", "port": self.proxy.port, "timeout": "1s",
                "username": "pulp", "password": "s3cr3t-password",
            }
        }  # fmt: skip

    @property
    def other(self):
        return type(self)(self.sink, self.proxy, "another@example.com")

    def arrived(self):
        return [
            Arrival(text_of(one.message), self.delivery_id(one.message), recipient)
            for one in list(self.sink.messages)
            for recipient in one.recipients
            if recipient in self.config["addresses"]
        ]

    def delivery_id(self, message):
        return message["Message-ID"].strip("<>").split("@")[0]

    def fail(self):
        self.sink.reply("RCPT", "451 4.3.0 try again later", times=1)

    def reject(self):
        self.sink.reply("RCPT", "550 5.1.1 no such user")

    def refuse_credentials(self):
        self.sink.reply("AUTH", "535 5.7.8 authentication failed")


def text_of(message):
    """All that is in it, attachments included."""
    parts = [part.get_content() for part in message.walk() if not part.is_multipart()]
    return "\n".join(part if isinstance(part, str) else part.decode() for part in parts)


class TestEmail(NotifierContract):
    module = "pulp_events_email"
    transports = ("smtplib", "ssl", "email_validator", "jinja2")
    largest = 240_000
    too_large = "shortened"
    endpoint_class = SmtpEndpoint
    slow_claims = (
        "test_no_delivery_is_kept",
        "test_no_report_is_kept_after_close",
        "test_nothing_is_left_after_close",
        "test_nothing_secret_is_seen",
        "test_a_reset_connection_is_transient",
        "test_its_process_outlives_it",
        "test_what_it_sets_and_returns_is_valid",
    )
    invalid = [
        {},
        {"subject": "x"},
        {"subject": "x", "addresses": []},
        {"subject": "x", "addresses": ["nonsense"]},
        {"subject": "x\r\nBcc: y@example.com", "addresses": ["someone@example.com"]},
    ]

    @pytest.fixture
    def notifier(self):
        return EmailNotifier()

    @pytest.fixture
    def endpoint(self):
        limit = self.largest or 64 * 1024 * 1024
        with (
            SmtpSink(credentials=("pulp", "s3cr3t-password"), size_limit=limit) as sink,
            FaultProxy(sink.port) as proxy,
        ):
            yield self.endpoint_class(sink, proxy, "someone@example.com", "somebody@example.com")


class DigestEndpoint(SmtpEndpoint):
    more_config = {"digest": "1h"}

    def delivery_id(self, message):
        return None  # it has the ids of several

    def fail_for(self, mark):
        """The message that has it in it is the next."""
        self.sink.reply("DATA", "451 4.3.0 try again later", times=1)


@pytest.mark.slow
class TestEmailDigest(TestEmail):
    endpoint_class = DigestEndpoint


SENDMAIL = """#!/bin/sh
cd {folder} || exit 75
if [ -f next ]; then code=$(cat next); rm next; exit "$code"; fi
if [ -f hang ]; then exec sleep 5; fi
if [ -f always ]; then exit "$(cat always)"; fi
cat > arriving.$$
mv arriving.$$ "$(date +%s%N)-$$ $5"
"""
"""`sendmail -i -f SENDER -- RECIPIENT`; keeps messages in files, named by time, process and recipient."""


class SendmailEndpoint(SmtpEndpoint):
    """No connection is made, and no credentials are given; exit codes are those of sysexits.h."""

    secrets = ()
    refuse_credentials = None

    def __init__(self, folder, *addresses):
        super().__init__(None, None, *addresses)
        self.folder, program = folder, folder.with_name("sendmail")
        program.write_text(SENDMAIL.format(folder=folder))
        program.chmod(0o755)
        self.program = str(program)

    @property
    def settings(self):
        return {"email": {"enabled": "true", "transport": "sendmail", "sendmail_path": self.program}}

    @property
    def other(self):
        return SendmailEndpoint(self.folder, "another@example.com")

    def arrived(self):
        found = []
        for path in sorted(self.folder.glob("*@*")):
            message = message_from_bytes(path.read_bytes(), policy=default)
            recipient = path.name.split()[1]
            if recipient in self.config["addresses"]:
                found.append(Arrival(text_of(message), self.delivery_id(message), recipient))
        return found

    def fail(self):
        (self.folder / "next").write_text("75")

    def hang(self):
        (self.folder / "hang").touch()

    def reject(self):
        (self.folder / "always").write_text("67")


class TestSendmail(TestEmail):
    largest = None

    @pytest.fixture
    def endpoint(self, tmp_path):
        (tmp_path / "mail").mkdir()
        return SendmailEndpoint(tmp_path / "mail", "someone@example.com", "somebody@example.com")
