"""`OutboxContract`: what every home of deliveries must do, as tests to be subclassed.

    class TestMyOutbox(OutboxContract):
        @pytest.fixture
        def home(self, tmp_path):
            return MyHome(tmp_path)             # has open() -> Outbox, advance(seconds), time() and work(outbox, call)

`open` may be called several times: each outbox is another process's view of the same home. `advance` lets time pass by
the clock that the home measures leases and retries with. `work` counts what is to stay the same however much there is.
"""

from __future__ import annotations

from pulp_events.testing.outbox_contract.activity import ActivityClaims
from pulp_events.testing.outbox_contract.additions import AdditionClaims
from pulp_events.testing.outbox_contract.again import AgainClaims
from pulp_events.testing.outbox_contract.claiming import StoringAndClaimingClaims
from pulp_events.testing.outbox_contract.erasure import ErasureClaims
from pulp_events.testing.outbox_contract.event_scopes import EventScopeClaims
from pulp_events.testing.outbox_contract.events import EventClaims
from pulp_events.testing.outbox_contract.expiry import ExpiryClaims
from pulp_events.testing.outbox_contract.home import LEASE, LISTENER, OTHER, Home, new_event, result
from pulp_events.testing.outbox_contract.ledger import LedgerClaims
from pulp_events.testing.outbox_contract.named import NamedClaims
from pulp_events.testing.outbox_contract.noting import NotingClaims
from pulp_events.testing.outbox_contract.order import OrderClaims
from pulp_events.testing.outbox_contract.presences import PresenceClaims
from pulp_events.testing.outbox_contract.rates import RateClaims
from pulp_events.testing.outbox_contract.results import ResultClaims
from pulp_events.testing.outbox_contract.scopes import ScopeClaims
from pulp_events.testing.outbox_contract.several import SeveralClaims
from pulp_events.testing.outbox_contract.standing import StandingClaims
from pulp_events.testing.outbox_contract.traces import TraceClaims
from pulp_events.testing.outbox_contract.upkeep import UpkeepClaims
from pulp_events.testing.outbox_contract.windows import WindowClaims

__all__ = ["LEASE", "LISTENER", "OTHER", "Home", "OutboxContract", "new_event", "result"]


class OutboxContract(
    StoringAndClaimingClaims,
    SeveralClaims,
    NamedClaims,
    ResultClaims,
    OrderClaims,
    LedgerClaims,
    UpkeepClaims,
    WindowClaims,
    EventClaims,
    EventScopeClaims,
    AdditionClaims,
    RateClaims,
    ExpiryClaims,
    AgainClaims,
    ErasureClaims,
    ActivityClaims,
    PresenceClaims,
    StandingClaims,
    ScopeClaims,
    TraceClaims,
    NotingClaims,
):
    """Subclass it and give it a fixture `home`."""
