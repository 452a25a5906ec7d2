"""Watch everything.

A full screen of rates, listeners, failures and what waits; `?` shows the keys.
"""

import pytest
from night_world import Answer


@pytest.mark.slow
def test_look_at_everything(night):
    good, bad = night.endpoint("127.0.0.1:40001"), night.endpoint("127.0.0.1:40002")
    bad.answers([Answer(), Answer(503)])
    night.listener("mirror", good)
    night.listener("ci", bad)
    night.emit(4)
    night.deliver()

    def drawn():
        night.terminal.wait_for("ci: 503 Service Unavailable")
        return "q quit  Enter open  ? help  m/u mute  r retry  d/e disable  / find  s sort"  # the last line

    night.watches(
        "pulp-admin event top",
        drawn,
        """
         events on …
         Listeners  2   1 failing
         Last 15m   0.3/m delivered   3 failed (37%)   95% within 31m
         Queue      3 pending   oldest 20m   0 in flight   0 given up
         Workers    none seen

          LISTENER          STATE        PENDING  OLDEST    RATE  FAIL  DEAD    P95  NOW
        >!ci                failing 1s         3     20m   0.1/m   75%     -    31m    -
          mirror            ok                 -       -   0.3/m     -     -    31m    -












         ci: 503 Service Unavailable

         q quit  Enter open  ? help  m/u mute  r retry  d/e disable  / find  s sort
        """,
        leave="q",
    )
