"""Somebody got no mail.

`event show` says what became of an event for each listener, and why it did not go to one. Here one address was refused;
when it is corrected, `backfill` gives it what it missed.
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
    night.emit(1, "repo.publish.finish", late=600.0, result="success")
    night.emit(1, "repo.sync.finish", result="success")
    night.deliver()
    night.types(
        "pulp-admin event list --since=1d",
        """
        ID        TIME                     EVENT TYPE           DELIVERIES
        01a219e8  2026-11-26 22:09:51 UTC  repo.sync.finish              0
        01a219df  2026-11-26 21:59:51 UTC  repo.publish.finish           2
        """,
    )
    night.types(
        "pulp-admin event show 01a219df",
        """
        Event Type:  repo.publish.finish
        Id:          01a219df-7b04-7f57-bdb8-19f5b7d8ab0e
        Source:      pulp.example
        Time:        2026-11-26 22:01:11 UTC

        LISTENER  TYPE   TARGET             STATE        ATT  DETAIL
        releases  email  ada@example.com    delivered      1  250 2.0.0 OK
        releases  email  grace@example.com  dead           1  RCPT: 550 5.1.1 No such u…
        failures  email  -                  not matched    -  the filter payload.result…

        {
          "call_report": {},
          "event_type": "repo.publish.finish",
          "payload": {
            "repo_id": "repo-1",
            "result": "success"
          }
        }
        """,
    )
    night.types(
        "pulp-admin event listener email update --listener-id=releases --addresses=ada@example.com,grace@example.org",
        """
        Event listener successfully updated
        """,
    )
    night.types(
        "pulp-admin event listener backfill releases --since=1d",
        """
        1 delivery added; 1 there already
        """,
    )
    night.deliver()
    night.types(
        "pulp-admin event delivery list --listener-id=releases",
        """
        ID          EVENT TYPE   TARGET             STATE      DETAIL
        01a219df.2  …ish.finish  grace@example.org  delivered  250 2.0.0 OK
        01a219df.1  …ish.finish  grace@example.com  dead       RCPT: 550 5.1.1 No suc…
        01a219df.0  …ish.finish  ada@example.com    delivered  250 2.0.0 OK
        """,
    )
    assert post.messages[-1].recipients == ("grace@example.org",)
