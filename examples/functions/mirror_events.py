# mirror_events.py
import json
from pathlib import Path

from pulp_events import Delivery, Event, TransientFailure, on

INDEX = Path("index.json")


@on("repo.sync.finish", filter="payload.result == 'success'", retry_schedule=[5, 60, 600], lanes=1)
def index(event: Event) -> None:
    known = json.loads(INDEX.read_text()) if INDEX.exists() else {}
    known[event.payload["repo_id"]] = event.id  # the same event once more changes nothing
    INDEX.write_text(json.dumps(known))


@on("repo.sync.finish", timeout=30)
async def tell_mirrors(event: Event, delivery: Delivery) -> None:
    if event.payload["repo_id"] == "pulp3":
        raise TransientFailure("the mirror is being upgraded", retry_after=60)
    print(f"attempt {delivery.attempts}: {event.payload['repo_id']}")
