"""`emit` for a listener whose events leave together: nothing to wait for, and no failure."""

from __future__ import annotations

import re

EMAIL = ("email", "create", "--event-type=*", "--subject=s", "--addresses=a@x.example")


def test_emit_does_not_wait_for_a_window_and_says_until_when_it_lasts(admin):
    admin.listener(*EMAIL, "--digest=7d")
    run = admin.ok("event", "emit", "repo.sync.start", "--timeout=60s")
    assert re.search(r"pending +waiting for its window, until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", run.out)
    assert "Digest:    7d" in admin.ok("event", "listener", "list").out


def test_a_bad_window_is_refused(admin):
    run = admin("event", "listener", *EMAIL, "--digest=often")
    assert run.code != 0 and "digest" in run.err and "15s, 30m, 2h or 7d" in run.err


def test_deliveries_that_would_expire_before_they_leave_together_are_warned_of(admin):
    warning = "deliveries expire after 5s, and wait up to 30s to be sent together"
    run = admin.ok("event", "listener", *EMAIL, "--digest=30s", "--expires=5s", "--name=mail")
    assert f"warning: {warning}" in run.err
    update = ("event", "listener", "email", "update", "--listener-id=mail")
    assert "expire" not in admin.ok(*update, "--expires=1m").err
    assert warning in admin.ok(*update, "--expires=5s").err
    assert "expire" not in admin.ok("event", "listener", *EMAIL, "--expires=5s").err
