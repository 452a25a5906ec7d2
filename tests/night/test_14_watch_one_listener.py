"""Watch one listener.

Follow its deliveries as they happen; Ctrl-C ends it. `--state=dead` or `--error=TEXT` show only what fails.
"""

import pytest
from night_world import Answer


@pytest.mark.slow
def test_follow_one_listener(night):
    endpoint = night.endpoint("127.0.0.1:40001")
    endpoint.answers([Answer(), Answer(), Answer(410)])
    night.listener("ci", endpoint, ["repo.#"])
    night.listener("mirror", night.endpoint("127.0.0.1:40002"))
    night.worker()
    night.emit(1, "repo.sync.start", late=600.0)
    night.until_delivered(2)

    def more():
        night.terminal.wait_for("repo.sync.start")
        night.emit(1, "repo.sync.finish", late=300.0)
        night.terminal.wait_for("repo.sync.finish")
        night.emit(1, "repo.publish.finish")
        return "410 Gone"

    night.watches(
        "pulp-admin event delivery tail --listener-id=ci",
        more,
        """
        11-26 22:19:28  delivered  repo.sync.start  ci  200 OK
        11-26 22:19:29  delivered  repo.sync.finish  ci  200 OK
        11-26 22:19:30  dead  repo.publish.finish  ci  410 Gone
        """,
    )
