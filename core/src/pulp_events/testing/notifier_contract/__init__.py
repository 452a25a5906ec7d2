"""`NotifierContract`: what the framework asks of a notifier, as tests to be subclassed.

    class TestChat(NotifierContract):
        module = "my_chat"                      # what the entry point names
        transports = ("requests",)              # not to be imported before a channel opens
        invalid = [{}, {"url": "nonsense"}]

        @pytest.fixture
        def notifier(self):
            return Chat()

        @pytest.fixture
        def endpoint(self, http_sink):
            with FaultProxy(http_sink.port) as proxy:
                yield ChatEndpoint(http_sink, proxy)        # see pulp_events.testing.endpoint

Each test is a claim; a failure names what the notifier does and what would be right.
"""

from __future__ import annotations

from pulp_events.testing.notifier_contract.arriving import ArrivingClaims
from pulp_events.testing.notifier_contract.batches import BatchClaims
from pulp_events.testing.notifier_contract.command_line import CommandLineClaims
from pulp_events.testing.notifier_contract.coroutines import CoroutineClaims
from pulp_events.testing.notifier_contract.delivering import DeliveringClaims
from pulp_events.testing.notifier_contract.failing import FailingClaims
from pulp_events.testing.notifier_contract.judging import JudgingClaims
from pulp_events.testing.notifier_contract.keeping import KeepingClaims
from pulp_events.testing.notifier_contract.looking import LookingClaims
from pulp_events.testing.notifier_contract.process import ProcessClaims
from pulp_events.testing.notifier_contract.recovering import RecoveringClaims
from pulp_events.testing.notifier_contract.schema import SchemaClaims
from pulp_events.testing.notifier_contract.several import SeveralClaims
from pulp_events.testing.notifier_contract.statuses import StatusClaims
from pulp_events.testing.notifier_contract.tidiness import TidinessClaims
from pulp_events.testing.notifier_contract.trust import TrustClaims

__all__ = ["NotifierContract"]


class NotifierContract(
    SchemaClaims,
    CommandLineClaims,
    DeliveringClaims,
    ArrivingClaims,
    BatchClaims,
    SeveralClaims,
    FailingClaims,
    JudgingClaims,
    StatusClaims,
    CoroutineClaims,
    LookingClaims,
    RecoveringClaims,
    TidinessClaims,
    KeepingClaims,
    TrustClaims,
    ProcessClaims,  # pytest begins with the last
):
    """Subclass it; set the class attributes and give it the fixtures `notifier` and `endpoint`."""
