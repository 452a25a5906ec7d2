"""Metrics of a bus as a server would be told them."""

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from pulp_events_prometheus.collector import own_registry


class Scraped(dict):
    """Name and labels → value."""

    def of(self, name, **labels):
        """The value of one series; None if there is none."""
        return self.get((name, frozenset(labels.items())))

    def all(self, name):
        """Labels → value."""
        return {labels: value for (found, labels), value in self.items() if found == name}


def parse(text):
    """A text exposition as `Scraped`."""
    return Scraped(
        {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    )


def scrape(bus):
    """What is told of a bus now, by a process that just began."""
    return parse(generate_latest(own_registry(bus)).decode())
