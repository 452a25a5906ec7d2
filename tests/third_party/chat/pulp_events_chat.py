import json
import urllib.request

from marshmallow import Schema, fields

from pulp_events import Notifier, TransientFailure, hookimpl


class ChatConfig(Schema):
    url = fields.Url(
        required=True, require_tld=False, metadata={"help": "incoming webhook of the room", "secret": True}
    )
    room = fields.String(metadata={"help": "room to post to"})


class Chat(Notifier):
    type_id = "chat"
    config_schema = ChatConfig

    def deliver(self, event, config):
        message = {"room": config.get("room"), "text": f"{event.event_type}: {event.payload}"}
        try:
            urllib.request.urlopen(config["url"], json.dumps(message).encode(), timeout=10).close()
        except OSError as error:
            raise TransientFailure(f"the room cannot be reached: {error}") from error


@hookimpl
def pulp_notifiers():
    return [Chat()]
