"""Whatever the words: exit code 0, 1 or 2, an error is one line, and it was foreseen."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulp_events_cli.errors import UsageError
from pulp_events_cli.global_options import extract
from pulp_events_cli.main import main

WORDS = """
event listener http email amqp create update list show delete enable disable test emit types delivery retry purge stats
tail plugin config check rotate-secret show-secret --probe --overlap --secret
mute unmute explain export apply completion bash zsh fish --drop --for=1h --prune --dry-run -f --file --with-secrets
--type --failing --health --quiet -q --json=1 --json-schema repo.sync.strat htpp list=
--event-type --url --username --password --ca-path --exchange --subject --addresses --listener-id
--filter --lanes --retry-schedule --disabled --payload --call-report --no-wait --timeout --state --since --until --limit
--before --all --last --rate --pending --again --error --event-id --yes --dry-run discard backfill 10/s
--for --reason --json --no-plugins -v -vv --version --help -h -- - repo.sync.start * repo.# @ @/no
env:X file: {} {"a":1} 5081a42ce19a00ea4300000e 5s 1 0 -1 true pending dead delivered http://127.0.0.1:9/ a@b.example
""".split()  # noqa: SIM905
# What would wait for a person or for an endpoint, or write elsewhere, is left out.
FORBIDDEN = ("--config", "--man-pages", "--output", "--directory", "install")
OPTIONS = [word for word in WORDS if word.startswith("--") and word != "--"]

word = st.one_of(
    st.sampled_from(WORDS),
    st.builds("{}={}".format, st.sampled_from(OPTIONS), st.sampled_from(WORDS) | st.text(max_size=8)),
    st.text(max_size=12),
)
PREFIXES = [
    [], ["event"], ["event", "listener"], ["event", "delivery"], ["event", "emit", "repo.sync.start"],
    ["event", "listener", "http", "create", "--event-type=*", "--url=http://127.0.0.1:9/"],
    ["event", "listener", "http"], ["event", "listener", "test"],
    ["event", "listener", "email", "create"], ["event", "listener", "amqp", "update"],
    ["event", "listener", "apply", "-f"], ["event", "listener", "mute", "--for=1h"], ["completion"],
    ["event", "listener", "explain", "--event-type=*"], ["event", "listener", "list"], ["event", "listener", "export"],
    ["event", "delivery", "list"], ["event", "delivery", "retry"], ["event", "plugin"], ["event", "config"],
]  # fmt: skip
argv = st.builds(lambda prefix, words: [*prefix, *words], st.sampled_from(PREFIXES), st.lists(word, max_size=7))


def asks_for_traces(words: list[str]) -> bool:
    try:
        return extract(words)[0].verbose > 1
    except UsageError:
        return False


def run(words: list[str]) -> None:
    words = [each for each in words if not each.startswith(FORBIDDEN)]
    if "tail" in words:
        words.append("--for=0s")
    if "emit" in words:
        words.append("--timeout=0s")
    out, err = io.StringIO(), io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "server.conf"
        config.write_text(f"[events]\ndata_dir = {folder}/data\n")
        environment = {"PULP_EVENTS_CONFIG": str(config)}
        with (
            mock.patch.dict(os.environ, environment),
            mock.patch("sys.stdin", io.StringIO("hunter22")),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main(words)
    errors = [line for line in err.getvalue().splitlines() if line.startswith("pulp-admin: error: ")]
    assert code in (0, 1, 2)
    assert len(errors) == (code != 0)
    assert "; please report it" not in err.getvalue()
    if not asks_for_traces(words):
        assert "Traceback" not in err.getvalue()


@settings(max_examples=3 * settings.default.max_examples, deadline=None, suppress_health_check=list(HealthCheck))
@given(argv)
def test_no_command_line_ends_in_a_traceback(words):
    run(words)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(argv)
def test_none_of_twenty_thousand_command_lines_ends_in_a_traceback(words):
    run(words)
