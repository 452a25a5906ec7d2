"""What administrators, scripts and receivers rely on, in lines that can be compared with those of a release.

    .venv/bin/python tests/upgrades/contract.py NAME        # keeps them as contract/NAME.txt

A line is a thing and what it is: a setting and its default, an option, a key of `--json` and its type, a key of files
of listeners and since which version of them, a header or key of what leaves by HTTP.
"""

import argparse
import json
import tempfile
from importlib.resources import files
from pathlib import Path

from release_name import release_name

from pulp_events import EventBus, Plugins
from pulp_events.settings.sections import CORE_SECTIONS
from pulp_events.testing.http_sink import HttpSink
from pulp_events_cli.global_options import GlobalOptions
from pulp_events_cli.listener_files.document import SINCE
from pulp_events_cli.manual import command_page
from pulp_events_cli.parser.root import build
from pulp_events_cli.session import Session

KEPT = Path(__file__).with_name("contract")
OURS = ("events", "delivery", "storage", "about", "untrusted", "email", "http", "messaging")
"""Sections of core, and of the three notifiers of the user guide: the others may be installed or not."""
FORMATS = ("report", "cloudevents", "cloudevents-binary")


def lines():
    """All of it, sorted."""
    return sorted({*_settings(), *_options(), *_output(), *_listener_files(), *_documents()})


def _settings():
    for name, schema in {**CORE_SECTIONS, **Plugins.load().settings_sections}.items():
        if name in OURS:
            for key, field in schema().fields.items():
                default = "required" if field.required else field.load_default
                shown = "made when it is read" if callable(default) else json.dumps(default, default=str)
                yield f"setting [{name}] {field.data_key or key}: {type(field).__name__}, {shown}"


def _options():
    for parser in command_page.walk(build(Session(GlobalOptions()))):
        parser.fill()
        for action in parser._actions:
            for option in action.option_strings or [action.dest]:
                yield f"option {parser.prog} {option}"
                for choice in action.choices or () if action.option_strings else ():
                    yield f"option {parser.prog} {option} {choice}"


def _output():
    schema = json.loads((files("pulp_events_cli") / "schemas/output-1.json").read_text("utf-8"))
    for part in ("properties", "$defs"):
        for name, each in schema[part].items():
            yield from _keys(f"json {name}", each)


def _keys(path, schema):
    yield f"{path}: {json.dumps(schema.get('type') or schema.get('$ref', 'any'))}"
    for name, each in schema.get("properties", {}).items():
        yield from _keys(f"{path}.{name}", each)
        if name in schema.get("required", ()):
            yield f"{path}.{name}: always there"
    if isinstance(schema.get("items"), dict):
        yield from _keys(f"{path}[]", schema["items"])


def _listener_files():
    for name, version in SINCE.items():
        yield f"file of listeners {name}: since version {version}"


def _documents():
    with tempfile.TemporaryDirectory() as folder, HttpSink() as sink:
        settings = {"events": {"source": "here"}}
        with EventBus.open(settings=settings, data_dir=Path(folder) / "data", deliver="inline") as bus:
            for each in FORMATS:
                config = {"url": f"{sink.url}/{each}", "format": each, "secret": "generate"}
                bus.listeners.create("http", config, ["repo.sync.start"])
            bus.emit("repo.sync.start", {"repo_id": "r"})
        for request in sink.requests:
            for header in request.headers:
                yield f"webhook {request.path[1:]}: header {header}"
            for key in json.loads(request.body):
                yield f"webhook {request.path[1:]}: key {key}"


def main():
    """See the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", type=release_name, help="that of the release, such as 1.0.0")
    name, kept = parser.parse_args().name, lines()
    (KEPT / f"{name}.txt").write_text("".join(f"{line}\n" for line in kept), "utf-8")
    print(f"kept in tests/upgrades: contract/{name}.txt, {len(kept)} lines")


if __name__ == "__main__":
    main()
