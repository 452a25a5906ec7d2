"""For gunicorn: each worker imports this and has a bus of its own; gunicorn.conf.py closes it."""

from pulp_events import EventBus

bus = EventBus.open()


def app(environ, start_response):
    event = bus.emit("repo.sync.start", {"repo_id": environ["PATH_INFO"].rpartition("/")[2]})
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [event.id.encode()]
