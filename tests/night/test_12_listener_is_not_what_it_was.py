"""A listener is not what it was.

Who changed it, and when? Put it back.
"""

import pytest
from night_world import HOUR


@pytest.mark.slow
def test_who_changed_a_listener_and_put_it_back(night):
    endpoint = night.endpoint("127.0.0.1:40001")
    with night.application(late=5 * HOUR) as bus:
        made = bus.listeners.create("http", {"url": endpoint.url}, ["repo.sync.finish"], name="ci")
    with night.application(late=HOUR, by="grace via ansible") as bus:
        bus.listeners.update(made.id, event_types=["repo.publish.finish"])
    night.types(
        "pulp-admin event listener history ci",
        """
        2026-11-26 21:15:45 UTC  http 6b08af91b3b435d4d3dedd16 ci updated by grace via
            ansible
          - Event Types: repo.sync.finish
          + Event Types: repo.publish.finish
        2026-11-26 17:15:45 UTC  http 6b08af91b3b435d4d3dedd16 ci created by ada via
            pulp
        """,
    )
    night.types(
        "pulp-admin event listener http update --listener-id=ci --event-type=repo.sync.finish",
        """
        Event listener successfully updated
        """,
    )
    night.types(
        "pulp-admin event listener history ci --limit=1",
        """
        2026-11-26 22:15:48 UTC  http 6b08af91b3b435d4d3dedd16 ci updated by root
          - Event Types: repo.publish.finish
          + Event Types: repo.sync.finish
        """,
    )
