"""The manual page and the table of settings are those of today."""

from pathlib import Path

from pulp_events.testing.admin import Admin
from pulp_events_prometheus.settings import PrometheusSettings

HERE = Path(__file__).parents[1]
KEPT = HERE / "man" / "man1" / "pulp-admin-event-metrics.1"


def test_the_page_is_what_the_command_line_writes_now(tmp_path):
    assert Admin()("--man-pages", str(tmp_path), "--quiet").code == 0
    written = (tmp_path / KEPT.name).read_text("utf-8")
    assert written == KEPT.read_text("utf-8"), "write it with .venv-extra/bin/python docs/generate.py"
    assert r"\-\-metrics" in (tmp_path / "pulp-admin-event-worker.1").read_text("utf-8")


def test_every_setting_is_in_the_document():
    text = (HERE / "docs/metrics.md").read_text("utf-8")
    for name, field in PrometheusSettings().fields.items():
        assert f"| `{name}` | {str(field.load_default).lower()} |" in text
