"""The email notifier does what the framework asks of every notifier."""

import pytest

from pulp_events.testing.endpoint import Arrival
from pulp_events.testing.fault_proxy import FaultProxy
from pulp_events.testing.notifier_contract import NotifierContract
from pulp_events.testing.smtp_sink import SmtpSink
from pulp_events_email.notifier import EmailNotifier


class SmtpEndpoint:
    config = {"subject": "pulp notification", "addresses": ["someone@example.com"]}
    secrets = ("s3cr3t-password",)

    def __init__(self, sink, proxy):
        self.sink, self.proxy = sink, proxy
        self.settings = {
            "email": {
                "enabled": "true", "host": "127.0.0.1", "port": proxy.port, "timeout": "1s",
                "username": "pulp", "password": "s3cr3t-password",
            }
        }  # fmt: skip

    def arrived(self):
        return [
            Arrival(one.message.get_content(), one.message["Message-ID"].strip("<>").split("@")[0])
            for one in self.sink.messages
        ]

    def fail(self):
        self.sink.reply("RCPT", "451 4.3.0 try again later", times=1)

    def reject(self):
        self.sink.reply("RCPT", "550 5.1.1 no such user")

    def refuse_credentials(self):
        self.sink.reply("AUTH", "535 5.7.8 authentication failed")


class TestEmail(NotifierContract):
    module = "pulp_events_email"
    transports = ("smtplib", "ssl", "email_validator", "jinja2")
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
        with SmtpSink(credentials=("pulp", "s3cr3t-password")) as sink, FaultProxy(sink.port) as proxy:
            yield SmtpEndpoint(sink, proxy)
