"""`pulp-admin event metrics`, and `--metrics` of `event worker`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulp_events_prometheus.address import address

if TYPE_CHECKING:
    from prometheus_client.registry import CollectorRegistry

    from pulp_events import EventBus

_EXAMPLES = """\
What a server would be told now:

    $ pulp-admin event metrics

From cron, where node_exporter reads files:

    $ pulp-admin event metrics --textfile=/var/lib/prometheus/node-exporter/pulp_events.prom
"""


def add(commands: Any) -> None:
    """To the subcommands of `pulp-admin event`."""
    metrics = commands.add_parser("metrics", help="print metrics for Prometheus, once")
    metrics.add_argument(
        "--textfile",
        type=Path,
        metavar="FILE",
        help="write them to this file, whose name ends with .prom, for the textfile collector of node_exporter",
    )
    metrics.epilog = "To have a server ask for them, run `pulp-admin event worker --metrics HOST:PORT`."
    metrics.examples = _EXAMPLES
    metrics.set_defaults(run=_run)


def add_to_worker(parser: argparse.ArgumentParser) -> None:
    """The option of `event worker`."""
    parser.add_argument(
        "--metrics",
        type=address,
        metavar="HOST:PORT",
        help="serve metrics for Prometheus at http://HOST:PORT/metrics; a port alone is one of loopback",
    )


@contextmanager
def beside_worker(arguments: argparse.Namespace) -> Iterator[None]:
    """Serve metrics while the worker works, with a bus of its own, which is told nothing of deliveries."""
    if arguments.metrics is None:
        yield
        return
    from pulp_events_prometheus.own_bus import OwnBus
    from pulp_events_prometheus.serving import serving

    with OwnBus(lambda: arguments.session.open_bus("external")) as own, serving(arguments.metrics, own.registry):
        arguments.on_reload(own.reopen)
        yield


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    from prometheus_client import generate_latest

    from pulp_events_prometheus import textfile
    from pulp_events_prometheus.collector import own_registry

    if arguments.textfile is not None:
        textfile.check(arguments.textfile)
    registry = own_registry(bus)
    text = generate_latest(registry)
    up = registry.get_sample_value("pulp_events_up") == 1
    if arguments.textfile is not None:
        textfile.write(arguments.textfile, text)
    elif arguments.json:
        _print_json(registry)
    else:
        print(text.decode(), end="")  # noqa: T201
    return 0 if up else 1


def _print_json(registry: CollectorRegistry) -> None:
    import json

    families = [
        {
            "name": family.name,
            "type": family.type,
            "help": family.documentation,
            "samples": [{"name": one.name, "labels": dict(one.labels), "value": one.value} for one in family.samples],
        }
        for family in registry.collect()
    ]
    print(json.dumps(families, indent=2, ensure_ascii=False))  # noqa: T201
