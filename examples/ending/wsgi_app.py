"""For gunicorn: each worker imports this and has a bus of its own; gunicorn.conf.py closes it."""

from typing import TYPE_CHECKING

from pulp_events import EventBus

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

bus = EventBus.open()


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
    event = bus.emit("repo.sync.start", {"repo_id": environ["PATH_INFO"].rpartition("/")[2]})
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [event.id.encode()]
