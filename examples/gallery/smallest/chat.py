# chat.py
import json

from marshmallow import Schema, fields

from pulp_events import Event, Notifier, TransientFailure
from pulp_events.notifier import Config


class ChatConfig(Schema):
    url = fields.Url(required=True, metadata={"help": "incoming webhook of the room", "secret": True})
    room = fields.String(load_default="events", metadata={"help": "room to post to"})


class Chat(Notifier):
    type_id = "chat"
    config_schema = ChatConfig

    def deliver(self, event: Event, config: Config) -> None:
        from http.client import HTTPException  # when they are needed: pulp-admin starts sooner
        from urllib.request import Request, urlopen

        text = f"{event.event_type} {json.dumps(event.payload, ensure_ascii=False)}"
        body = json.dumps({"channel": config["room"], "text": text}).encode()
        try:
            with urlopen(Request(config["url"], body, {"Content-Type": "application/json"}), timeout=5) as answer:
                if answer.url != config["url"]:  # what is redirected is asked for there, and not posted
                    raise OSError("redirected")
        except (OSError, HTTPException) as error:
            raise TransientFailure(f"not posted: {error}") from error
