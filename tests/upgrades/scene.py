"""What happens on an installation before it is upgraded. Run by the Python of the release that is to be kept.

    python scene.py CONFIG PORT STAGE

So that any release can play it, it uses only what has been there from the first: `EventBus`, its listeners, `emit`. An
attribute of listeners that a release does not know is left out. An HTTP server on PORT refuses what is posted to
`/down` and `/dead`, and never answers `/hang`.

Three stages, in this order: `attempted` makes attempts, `hanging` is killed in the middle of one, `waiting` leaves
deliveries that nobody has attempted.
"""

import sys
import time

from pulp_events import EventBus, Listener

ODD = [
    {"text": "Grüße, 世界 \U0001f600 \u2028 \u202e and \x00 and a tab\t", "": "an empty key", "a.b": {"$env": "HOME"}},
    {"number": 2**63 - 1, "small": 1e-320, "big": -1.7976931348623157e308, "zero": -0.0, "none": None, "yes": True},
    {"deep": [[[[[[[[{"leaf": []}]]]]]]]], "long": "x" * 5000, "percent": "100 % {{ template }} @file env:HOME"},
]
"""Payloads that a careless migration would spoil."""


def main(config: str, port: str, stage: str) -> None:
    deliver = {"attempted": "inline", "hanging": "background", "waiting": "external"}[stage]
    with EventBus.open(config, deliver=deliver) as bus:
        STAGES[stage](Site(bus, f"http://127.0.0.1:{port}"))


class Site:
    """A bus, and listeners whose URLs say what becomes of their deliveries."""

    def __init__(self, bus: EventBus, url: str) -> None:
        self.bus = bus
        self.url = url

    def http(self, path: str, event_types: list[str], config: dict | None = None, **options):
        return self.listener("http", {"url": f"{self.url}/{path}", **(config or {})}, event_types, **options)

    def listener(self, kind: str, config: dict, event_types: list[str], **options):
        known = {name: value for name, value in options.items() if name in Listener.__dataclass_fields__}
        return self.bus.listeners.create(kind, config, event_types, **known)


def attempted(site: Site) -> None:
    """Deliveries that were delivered, that failed and wait for their next attempt, and that are dead."""
    site.http(
        "ok",
        ["repo.sync.*"],
        {"username": "ci", "password": "hush-basic"},
        name="ci",
        labels={"team": "ops"},
        description="builds what was synced",
    )
    site.http("down", ["repo.sync.start"], retry_schedule=[5.0, 30.0], name="down", rate="1000/s")
    site.http("dead", ["repo.sync.finish"], retry_schedule=[0.001], filter="payload.number", lanes=1)
    for payload in ODD:
        site.bus.emit("repo.sync.start", payload, call_report={"task_id": "t-1", "result": payload})
    site.bus.emit("repo.sync.finish", {"number": 1})
    time.sleep(0.1)
    site.bus.deliver_due()


def hanging(site: Site) -> None:
    """A delivery that is under way when its process is killed."""
    site.http("hang", ["repo.publish.start"], name="hang")
    site.bus.emit("repo.publish.start", {"repo_id": "killed"})
    time.sleep(600)


def waiting(site: Site) -> None:
    """Deliveries that nobody has attempted: of listeners of each type, with secrets, disabled, muted, deleted."""
    bus, types = site.bus, ["repo.publish.finish"]
    site.http("signed", types, {"secret": "whsec_c2VjcmV0LW9mLXRoZS1maXh0dXJlLTAx", "header": ["X-Key: hush-header"]})
    site.http("reference", types, {"username": "ci", "password": {"$env": "UPGRADE_PASSWORD"}})
    disabled = site.http("disabled", types)
    bus.listeners.disable(disabled.id, "out of use, äöü")
    muted = site.http("muted", types, name="muted")
    bus.listeners.mute(muted.id, 3 * 365 * 86400.0)
    gone = site.http("gone", types)
    site.listener("email", {"subject": "Pulp: {{ event_type }}", "addresses": ["a@a.example", "b@b.example"]}, types)
    site.listener("amqp", {"exchange": "amq.topic"}, types)
    for payload in ODD:
        bus.emit("repo.publish.finish", payload)
    bus.emit("repo.sync.start", {"repo_id": "not attempted"})
    bus.listeners.update(gone.id, {"url": f"{site.url}/gone-elsewhere"})
    bus.listeners.delete(gone.id)


STAGES = {"attempted": attempted, "hanging": hanging, "waiting": waiting}

if __name__ == "__main__":
    main(*sys.argv[1:])
