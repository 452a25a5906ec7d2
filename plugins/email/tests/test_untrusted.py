"""Listeners of untrusted authors: no folder of templates, no template as subject; the server is server.conf's."""

from __future__ import annotations

import pytest

from pulp_events import Author, EventBus, InvalidConfig, NotAllowed
from pulp_events.testing.smtp_sink import SmtpSink

ALICE = Author("alice")
MAIL = {"subject": "/a: pulp", "addresses": ["a@b.example"]}


def test_mail_is_sent_for_them_only_if_the_administrator_says_so(tmp_path) -> None:
    conf = tmp_path / "server.conf"
    with SmtpSink() as sink:
        email = f"[email]\nenabled = true\nhost = 127.0.0.1\nport = {sink.port}\n"
        conf.write_text(email)
        with (
            EventBus.open(conf, data_dir=tmp_path / "data", deliver="inline") as bus,
            pytest.raises(NotAllowed, match=r"\[untrusted\] notifier_types"),
        ):
            bus.listeners.create("email", MAIL, ["*"], author=ALICE)
        conf.write_text(email + "[untrusted]\nnotifier_types = email\nmax_targets = 2\nrate = 1000/s\n")
        with EventBus.open(conf, data_dir=tmp_path / "data", deliver="inline") as bus:
            for more in ({"template": "/etc"}, {"subject": "{{ payload }}"}, {"subject": {"$env": "HOME"}}):
                with pytest.raises(InvalidConfig, match="untrusted author"):
                    bus.listeners.create("email", {**MAIL, **more}, ["*"], author=ALICE)
            with pytest.raises(NotAllowed, match="at most 2 targets"):
                addresses = [f"{name}@b.example" for name in "abc"]
                bus.listeners.create("email", {**MAIL, "addresses": addresses}, ["*"], author=ALICE)
            bus.listeners.create("email", MAIL, ["*"], author=ALICE)
            [sent] = bus.wait(bus.emit("repo.sync.start", {"repo_id": "x"}), 0)
            assert sent.state == "delivered", sent.detail
