"""Writes the parts of the documents that repeat what the code says: settings, event types, hooks, states, errors.

`python docs/generate.py` puts each between its marks, `<!-- begin NAME -->` and `<!-- end -->`. The tests fail while a
document differs from what would be written. The documents' own text is never touched.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import runpy
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from marshmallow import Schema, fields, missing, validate

import pulp_events
from pulp_events import errors, hookspecs, testing
from pulp_events.bus.wait_cause import WaitCause
from pulp_events.fields import Duration, Words, format_duration
from pulp_events.outbox import states
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.reloading import NEEDS_START, needs_start
from pulp_events.settings.sections import CORE_SECTIONS
from pulp_events_cli.global_options import GlobalOptions
from pulp_events_cli.manual import writing
from pulp_events_cli.parser import root
from pulp_events_cli.scaffold.kinds import KINDS
from pulp_events_cli.scaffold.package import render
from pulp_events_cli.session import Session

ROOT = Path(__file__).resolve().parents[1]
MARKED = re.compile(r"(<!-- begin (?P<name>[^>]+?) -->\n).*?(<!-- end -->)", re.DOTALL)

COMPUTED = {
    ("events", "data_dir"): "`/var/lib/pulp/events` for root, else `pulp/events` in the user's data folder",
    ("events", "source"): "the host name",
}
"""Defaults that depend on the machine, in words."""

PLUGINS = Plugins.load()
table = runpy.run_path(str(ROOT / "docs/markdown_table.py"))["table"]
JSON = runpy.run_path(str(ROOT / "docs/json_documents.py"))
OUTPUT_SCHEMA: Path = JSON["OUTPUT_SCHEMA"]
REFERENCE = runpy.run_path(str(ROOT / "docs/reference.py"))
FIELD_TYPES = runpy.run_path(str(ROOT / "docs/field_types.py"))
NIGHT = runpy.run_path(str(ROOT / "docs/night.py"))


def settings(section: str) -> str:
    """Keys of one section of server.conf: default, values, meaning."""
    schemas = {**CORE_SECTIONS, **PLUGINS.settings_sections}
    rows = []
    for name, field in schemas[section]().fields.items():
        key = field.data_key or name
        default = COMPUTED.get((section, key)) or default_text(field)
        meaning = str(field.metadata["help"]) + (" (secret)" if field.metadata.get("secret") else "")
        meaning += f"; {NEEDS_START}" if needs_start(field) else ""
        rows.append((f"`{key}`", value_text(field), default, meaning))
    return table(("key", "value", "default", "meaning"), rows)


def default_text(field: fields.Field[Any]) -> str:
    """A default as server.conf would have it."""
    value = field.load_default() if callable(field.load_default) else field.load_default
    if value is missing or value is None or value in ("", []):
        return "–"
    if isinstance(field, Words):
        return f"`{', '.join(format_duration(one) if isinstance(one, int | float) else str(one) for one in value)}`"
    if isinstance(field, Duration):
        return f"`{format_duration(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def value_text(field: fields.Field[Any]) -> str:
    """What may be written for a key."""
    for check in field.validators:
        if isinstance(check, validate.OneOf):
            return " or ".join(f"`{choice}`" for choice in check.choices)
        if isinstance(check, validate.Range):
            return f"at least {check.min}" if check.max is None else f"{check.min} to {check.max}"
    if isinstance(field, fields.Boolean):
        return "`true` or `false`"
    if isinstance(field, Words):
        return "durations" if isinstance(field.inner, Duration) else "list, separated by commas"
    if isinstance(field, Duration):
        return f"duration, at least {format_duration(field.minimum)}" if field.minimum else "duration"
    return "text"


def options(type_id: str) -> str:
    """Options of `pulp-admin event listener TYPE create`, from the notifier's schema."""
    schema: Schema = PLUGINS.notifier(type_id).config_schema()
    rows = []
    for name, field in schema.fields.items():
        option = f"`--{(field.data_key or name).replace('_', '-')}`"
        notes = ["required"] * field.required + ["secret"] * bool(field.metadata.get("secret"))
        rows.append((option, ", ".join(notes) or "–", str(field.metadata.get("cli_help") or field.metadata["help"])))
    return table(("option", "", "meaning"), rows)


def event_types() -> str:
    """Core's event types with the keys of their payloads."""
    parts = []
    for found in Plugins().event_types:
        rows = [(f"`{key}`", text) for key, text in found.payload.items()]
        parts.append(f"### `{found.name}`\n\n{found.description}\n\n{table(('key', 'value'), rows)}")
    return "\n".join(parts)


def hooks() -> str:
    """Every hook with its signature and what it is for."""
    rows = []
    for name, function in vars(hookspecs).items():
        if not hasattr(function, f"{hookspecs.PROJECT}_spec"):
            continue
        parameters = ", ".join(inspect.signature(function).parameters)
        rows.append((f"`{name}({parameters})`", first_paragraph(function)))
    return table(("hook", "purpose"), rows)


def transitions() -> str:
    """The legal changes of a delivery's state."""
    rows = []
    for name, [text] in REFERENCE["members"](states.Transition).items():
        way = states.TRANSITIONS[name]
        rows.append((f"`{name}`", way.leaves or "–", way.enters + (", leased" if way.leased_after else ""), text))
    return table(("transition", "from", "to", "when"), rows)


def delivery_states() -> str:
    """The states of a delivery."""
    rows = [(f"`{name}`", text) for name, [text] in REFERENCE["members"](states.State).items()]
    return table(("state", "meaning"), rows)


def outcomes() -> str:
    """The outcomes of an attempt, and what follows from each."""
    rows = [(f"`{name}`", *texts) for name, texts in REFERENCE["members"](states.Outcome).items()]
    return table(("outcome", "meaning", "what follows"), rows)


def waits() -> str:
    """What pending deliveries wait for."""
    rows = [(f"`{name}`", text) for name, [text] in REFERENCE["members"](WaitCause).items()]
    return table(("word", "it waits"), rows)


def error_classes() -> str:
    """The public errors, each with its base and meaning."""
    found = [getattr(pulp_events, name) for name in pulp_events.__all__ if hasattr(errors, name)]
    ordered = sorted(found, key=lambda error: ([base.__name__ for base in error.__mro__[::-1]]))
    rows = [(f"`{error.__name__}`", f"`{error.__base__.__name__}`", first_paragraph(error)) for error in ordered]
    return table(("error", "is a", "when"), rows)


def event_fields() -> str:
    """The attributes of `Event`, as its source describes them."""
    return "| attribute | | |\n| --- | --- | --- |\n" + "".join(REFERENCE["attributes"](pulp_events.Event))


def fixtures() -> str:
    """The fixtures of the pytest plugins."""
    modules = sorted(each.value for each in entry_points(group="pytest11") if each.value.startswith("pulp_events"))
    sources = [inspect.getsource(importlib.import_module(module)) for module in modules]
    functions = [node for source in sources for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    rows = [
        (f"`{node.name}`", " ".join(str(ast.get_docstring(node)).split()))
        for node in functions
        if any("fixture" in ast.unparse(decorator) for decorator in node.decorator_list)
    ]
    return table(("fixture", "is"), rows)


def claims(contract: str = "NotifierContract") -> str:
    """What a contract holds a plugin to: the names of its tests, as sentences."""
    bases = getattr(testing, contract).__mro__
    names = [name for base in bases for name in vars(base) if name.startswith("test_")]
    return "".join(f"- {name[5:].replace('_', ' ')}\n" for name in names)


def planted_faults(file: str = "planted") -> str:
    """What a contract finds: each claim, and the plugins of this module of `core/tests/kit` that it catches."""
    sys.path.insert(0, str(ROOT / "core/tests/kit"))
    planted = importlib.import_module(file)
    imported = getattr(planted, "IMPORT_FAULTS", {})
    caught: dict[str, list[str]] = {}
    for faulty in planted.FAULTY:
        for claim in faulty.claims:
            words = re.findall(r"[A-Z](?:[a-z0-9]+|(?=[A-Z]))", faulty.__name__)
            caught.setdefault(claim, []).append(" ".join(words).lower())
    if imported:
        caught["importing_it_changes_nothing_of_the_process"] = [name.replace("_", " ") for name in imported]
    rows = [(claim.replace("_", " "), "; ".join(faults)) for claim, faults in caught.items()]
    return table(("claim", f"faults that it catches ({len(planted.FAULTY) + len(imported)} in all)"), rows)


def field_types() -> str:
    """What one writes for each type of field."""
    made: str = FIELD_TYPES["table"](table)
    return made


def hook_reference() -> str:
    """Every hook with its signature and docstring."""
    found = [(name, each) for name, each in vars(hookspecs).items() if hasattr(each, f"{hookspecs.PROJECT}_spec")]
    return "\n".join(f"### {name}\n\n{REFERENCE['function'](name, each)}" for name, each in found)


def reference(names: str) -> str:
    """Classes and functions, `module:Name` each with blanks between, with everything that their docstrings say."""
    parts = []
    for path in names.split():
        module, _, name = path.partition(":")
        found = getattr(importlib.import_module(module), name)
        text = REFERENCE["klass"](found) if isinstance(found, type) else REFERENCE["function"](name, found)
        parts.append(f"### {name}\n\n`from {module} import {name}`\n\n{text}")
    return "\n".join(parts)


def night(part: str) -> str:
    """The jobs of an administrator at night: their contents, or their sections."""
    made: str = NIGHT[part]()
    return made


def first_paragraph(documented: Any) -> str:
    """The beginning of a docstring, in one line."""
    return " ".join(str(inspect.getdoc(documented)).split("\n\n")[0].split())


GENERATORS: dict[str, Callable[..., str]] = {
    "settings": settings,
    "options": options,
    "event types": event_types,
    "hooks": hooks,
    "transitions": transitions,
    "states": delivery_states,
    "outcomes": outcomes,
    "waits": waits,
    "errors": error_classes,
    "event fields": event_fields,
    "fixtures": fixtures,
    "claims": claims,
    "planted faults": planted_faults,
    "field types": field_types,
    "json": JSON["json_output"],
    "hook reference": hook_reference,
    "night": night,
    "reference": reference,
}


def generated(name: str) -> str:
    """The text that belongs under a mark, such as `settings http`."""
    for kind, generator in GENERATORS.items():
        if name == kind:
            return generator()
        if name.startswith(f"{kind} "):
            return generator(name.removeprefix(f"{kind} "))
    raise KeyError(f"no generator for {name!r}; there are {', '.join(GENERATORS)}")


def renewed(text: str) -> str:
    """A document's text with everything between marks as the code has it now."""
    return MARKED.sub(lambda found: f"{found[1]}\n{generated(found['name'])}\n{found[3]}", text)


OF_COMMANDS = {
    "pulp-admin-event-metrics": "prometheus",
    "pulp-admin-event-storage": "postgres",
    "pulp-admin-event-web": "web",
}
"""Pages of a plugin's own commands begin so → its folder."""
OPTIONAL = ("apprise", "postgres", "prometheus", "web")
"""Folders of the packages that are not always there. Where they are, only their pages are written: those of sections,
and the documents, are what they are without them."""


def man_pages() -> dict[Path, str]:
    """Where each manual page is kept, and its text. Those of a notifier's commands go with the notifier's package."""
    session = Session(GlobalOptions())
    found = {}
    for name, text in writing.pages(root.build(session), session):
        kinds = [kind for kind in PLUGINS.notifiers if name.startswith(f"pulp-admin-event-listener-{kind}")]
        kinds += [kind for begin, kind in OF_COMMANDS.items() if name.startswith(begin)]
        folder = ROOT / "plugins" / kinds[0] if kinds else ROOT / "cli"
        found[folder / "man" / f"man{name[-1]}" / name] = text
    return found


MADE_BY_PLUGIN_NEW = {"audit_log": ("audit-log", "observer"), "own_command": ("failures", "command")}
"""Folder of an example plugin → the name and the kind by which `plugin new` makes it."""


def example_plugins() -> dict[Path, str]:
    """Path of each file of the examples that are what `plugin new` makes, and its text."""
    return {
        ROOT / "examples/plugins" / folder / path: text
        for folder, (name, kind) in MADE_BY_PLUGIN_NEW.items()
        for path, text in render(name, KINDS[kind]).items()
    }


def documents() -> list[Path]:
    """The documents that this repository's tests hold to the code."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "core/README.md", *sorted(ROOT.glob("docs/*.md"))]


def main() -> int:
    """Renew every document, manual page, example of `plugin new` and the schema of `--json`; says which changed."""
    pages = man_pages()
    optional = {path: text for path, text in pages.items() if path.parents[2].name in OPTIONAL}
    if optional:
        for path, text in optional.items():
            if not path.exists() or path.read_text("utf-8") != text:
                path.write_text(text, "utf-8")
                sys.stdout.write(f"renewed {path.relative_to(ROOT)}\n")
        return 0
    for path in {path for folder in {page.parent for page in pages} for path in folder.glob("*")} - set(pages):
        path.unlink()
        sys.stdout.write(f"removed {path.relative_to(ROOT)}\n")
    for path, text in {**pages, OUTPUT_SCHEMA: JSON["output_schema"](), **example_plugins()}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            sys.stdout.write(f"renewed {path.relative_to(ROOT)}\n")
    for path in documents():
        before = path.read_text("utf-8")
        after = renewed(before)
        if after != before:
            path.write_text(after, "utf-8")
            sys.stdout.write(f"renewed {path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
