"""A listener stored with a List-Unsubscribe that is refused now still gets its mail, and `config check` says so."""

from __future__ import annotations

import json

import pytest

from pulp_events import EventBus, InvalidConfig
from pulp_events.plugins.registry import Plugins
from pulp_events.testing.admin import Admin
from pulp_events.testing.smtp_sink import SmtpSink
from pulp_events_email.notifier import EmailNotifier

LONG = "https://pulp.example/" + "x" * 600


@pytest.mark.parametrize("digest", [False, True])
@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ("http://pulp.example/leave", "<http://pulp.example/leave>"),
        ("https://u:hunter2@pulp.example/leave", None),
        ("https://pulp.example/x\r\nBcc: a@b.example", None),
        ("ops", None),
        (LONG, None),
    ],
)
@pytest.mark.slow
def test_mail_of_a_stored_listener_still_goes(tmp_path, parsed, stored, sent, digest) -> None:
    with SmtpSink() as sink:
        conf = tmp_path / "server.conf"
        conf.write_text(f"[events]\ndata_dir = {tmp_path}/data\n[email]\nenabled = true\nport = {sink.port}\n")
        conf.chmod(0o600)
        plugins = Plugins()
        plugins.add("email", EmailNotifier())
        config = {"subject": "s", "addresses": "a@b.example", "unsubscribe": "https://old.example/"}
        with EventBus.open(conf, deliver="inline", plugins=plugins) as bus:
            listener = bus.listeners.create("email", {**config, **({"digest": "1s"} if digest else {})}, ["*"])
        records = tmp_path / "data" / "listeners.json"
        records.write_text(records.read_text().replace(json.dumps("https://old.example/"), json.dumps(stored)))
        with EventBus.open(conf, deliver="background", plugins=plugins) as bus:
            assert bus.listeners.get(listener.id).notifier_config["unsubscribe"] == stored
            [delivery] = bus.wait(bus.emit("repo.sync.start"), timeout=60)
            assert delivery.state == "delivered", delivery.detail
            with pytest.raises(InvalidConfig, match="unsubscribe"):
                bus.listeners.update(listener.id, {"subject": "t"})
        message = parsed(sink.messages[0].raw)
        assert message["List-Unsubscribe"] == sent
        assert message["List-Unsubscribe-Post"] is None  # RFC 8058 §3.1 wants an https: URL beside it
        assert message["Bcc"] is None
    checked = Admin(conf, plugins)("event", "config", "check")
    told = checked.out
    assert (
        checked.code == 1
        and f"listener {listener.id}: invalid email configuration: unsubscribe" in told
        and "hunter2" not in told
    )
    assert f"`pulp-admin event listener email update --listener-id={listener.id} --unsubscribe" in told
