"""Prometheus metrics of pulp-events: `pulp-admin event worker --metrics`, `event metrics`, or an application's own.

    from prometheus_client import REGISTRY
    from pulp_events_prometheus import register

    register(bus, REGISTRY)

Importing this imports no prometheus_client; `Collector` and `register` do.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulp_events_prometheus.collector import Collector as Collector
    from pulp_events_prometheus.collector import register as register

__all__ = ["Collector", "register"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from pulp_events_prometheus import collector

        return getattr(collector, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
