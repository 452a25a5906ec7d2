"""Somebody got no mail.

`event show` says what became of an event for each listener, and why it did not go to one.
"""

import pytest

from pulp_events.testing.smtp_sink import SmtpSink


@pytest.mark.slow
def test_find_out_why_a_mail_did_not_come(night):
    post = night.serves(SmtpSink(), "127.0.0.1:40025")
    night.configure(f"keep = all\n[email]\nenabled = true\nhost = {post.host}\nport = {post.port}\n")
    post.reply("RCPT", "550 5.1.1 No such user", recipient="grace@example.com")
    addresses = {"subject": "pulp notification", "addresses": ["ada@example.com", "grace@example.com"]}
    night.listener("releases", None, ["repo.publish.finish"], "email", addresses)
    night.listener("failures", None, ["repo.*.finish"], "email", addresses, filter="payload.result == 'failed'")
    night.emit(1, "repo.sync.finish", late=600.0, result="success")
    night.emit(1, "repo.publish.finish", result="success")
    night.deliver()
    night.types(
        "pulp-admin event list --since=1d",
        """
        ID        TIME                     EVENT TYPE           DELIVERIES
        01a219de  2026-11-26 21:59:22 UTC  repo.publish.finish           2
        01a219d5  2026-11-26 21:49:22 UTC  repo.sync.finish              0
        """,
    )
    night.types(
        "pulp-admin event show 01a219c7-4ec8-77f1-a65d-627cc08115bf",
        """
        pulp-admin: error: no stored event has the id
        '01a219c7-4ec8-77f1-a65d-627cc08115bf'; `pulp-admin event list` shows them
        """,
    )
    night.types(
        "pulp-admin event listener explain --event=01a219c7-4ec8-77f1-a65d-627cc08115bf",
        """
        pulp-admin: error: no stored event has the id
        '01a219c7-4ec8-77f1-a65d-627cc08115bf'; `pulp-admin event list` shows them
        """,
    )
