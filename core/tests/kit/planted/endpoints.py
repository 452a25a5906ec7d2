"""What the planted notifiers deliver to: an HTTP server behind a proxy, or a file."""

import time

from pulp_events.testing import Answer, Arrival, HttpSink


class Endpoint:
    """Tells what arrived for its configuration's token alone, so that two on one server can be told apart."""

    def __init__(self, sink, proxy, notifier_class, token="s3cr3t-token"):
        self.sink, self.proxy, self.notifier_class, self.token = sink, proxy, notifier_class, token
        self.late = getattr(notifier_class, "late", 0)
        self.settings = getattr(notifier_class, "more_settings", lambda port: {})(proxy.port)
        self.config = {"host": "127.0.0.1", "port": proxy.port, "token": token}
        if "account" in notifier_class.config_schema().fields:
            self.config["account"] = {"user": "planted", "token": self.config.pop("token")}
        self.config |= getattr(notifier_class, "more_config", {})
        self.secrets = [value["password"] for value in self.settings.values()]

    @property
    def other(self):
        return Endpoint(self.sink, self.proxy, self.notifier_class, "an0ther-token")

    def arrived(self):
        seen = [one for one in list(self.sink.requests) if one.time <= time.time() - self.late]
        return [
            Arrival(one.body.decode(), one.headers["delivery-id"], one.headers.get("room"))
            for one in seen
            if one.headers["authorization"] == f"Bearer {self.token}"
        ]

    def fail(self):
        self.sink.answer = [Answer(503), Answer(200)]

    def fail_for(self, mark):
        self.sink.answer = lambda request: Answer(503 if mark.encode() in request.body else 200)

    def reject(self):
        self.sink.answer = Answer(404)

    def refuse_credentials(self):
        self.sink.answer = Answer(401)

    def restart(self):
        """At the same address for whoever connects to the proxy: a port that is given up may be another's by then."""
        before = self.sink
        before.close()
        self.sink = HttpSink()
        self.sink.requests += before.requests
        self.proxy.behind = self.sink.port


class FileEndpoint:
    proxy = None

    def __init__(self, path):
        self.path, self.config = path, {"path": str(path)}
        self.aside = path.with_suffix(".aside")

    @property
    def other(self):
        return FileEndpoint(self.path.with_name("other"))

    def fail(self):
        if self.path.exists():
            self.path.rename(self.aside)
        self.path.mkdir()

    def recover(self):
        self.path.rmdir()
        if self.aside.exists():
            self.aside.rename(self.path)

    def arrived(self):
        return [Arrival(line) for line in self.path.read_text("utf-8").splitlines()] if self.path.is_file() else []
