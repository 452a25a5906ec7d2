"""`ObserverContract`, `EnricherContract`: what is asked of plugins that observe or enrich, as tests to be subclassed.

    class TestAuditLog(ObserverContract):
        module = "my_audit_log"                 # what the entry point names

        @pytest.fixture
        def conf(self, tmp_path):               # its sections of server.conf
            return {"audit-log": {"file": tmp_path / "attempts"}}

        @pytest.fixture
        def kept(self, conf):                   # what it has noted so far, a text for each thing
            return lambda: Path(conf["audit-log"]["file"]).read_text().splitlines()

    class TestHost(EnricherContract):
        module = "my_host"
        adds = ("host",)                        # the keys that it may add to a payload

Each test is a claim; a failure names the hook, what the plugin does and what would be right.
"""

from __future__ import annotations

from pulp_events.testing.hook_contract.common import CommonClaims
from pulp_events.testing.hook_contract.enriching import EnrichingClaims
from pulp_events.testing.hook_contract.keeping import HookKeepingClaims
from pulp_events.testing.hook_contract.observing import ObservingClaims
from pulp_events.testing.hook_contract.process import HookProcessClaims

__all__ = ["EnricherContract", "ObserverContract"]


class ObserverContract(ObservingClaims, CommonClaims, HookKeepingClaims, HookProcessClaims):
    """Subclass it and set `module`; fixtures that you give it let it look at more."""


class EnricherContract(EnrichingClaims, CommonClaims, HookKeepingClaims, HookProcessClaims):
    """Subclass it and set `module` and `adds`; fixtures that you give it let it look at more."""
