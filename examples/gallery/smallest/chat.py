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

        message = {"channel": config["room"], "text": f"{event.event_type} {json.dumps(event.payload)}"}
        request = Request(config["url"], json.dumps(message).encode(), {"Content-Type": "application/json"})
        try:
            with urlopen(request, timeout=5) as answer:
                if answer.url != config["url"]:  # what is redirected is asked for there, and not posted
                    raise OSError("redirected")
        except (OSError, HTTPException) as error:
            raise TransientFailure(f"not posted: {error}") from error
