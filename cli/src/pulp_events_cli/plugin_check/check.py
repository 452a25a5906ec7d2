"""What `pulp-admin event plugin check NAME` looks at: the part of the notifier contract that needs no endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from pulp_events.plugins import boundary, checks
from pulp_events.plugins.discovery import entry_points
from pulp_events.plugins.hook_calls import hooks_can_be_called
from pulp_events.plugins.loader import GROUP
from pulp_events.plugins.misspelt import misspelt_overrides
from pulp_events.plugins.plugin import BLOCKED, FAILED, Plugin
from pulp_events.plugins.registry import FIRST_PARTY, FUNCTION
from pulp_events.system import guard
from pulp_events_cli.output.findings import NOTE, OK, PROBLEM, Finding
from pulp_events_cli.output.text import count
from pulp_events_cli.plugin_check import loading_time
from pulp_events_cli.plugin_check.claims import CLAIMS, the_schema_can_be_used
from pulp_events_cli.release_range import release_range

if TYPE_CHECKING:
    from pulp_events.notifier import Notifier

CORE = "pulp-events"


def check(name: str, find: Callable[[], Plugin]) -> Iterator[Finding]:
    """Everything; claims about notifiers are left out where the plugin could not be loaded.

    `find`: loads the plugin in this process. It is called when the plugin was seen to load in one of its own.
    """
    try:
        loads = [loading_time.measure(name, each.value) for each in entry_points(GROUP) if each.name == name][:1]
    except loading_time.NotLoaded as error:
        yield Finding(PROBLEM, "imports", str(error))
        return
    except OSError as error:
        yield Finding(PROBLEM, "imports", f"it could not be loaded in a separate process: {error.strerror}")
        return
    plugin = find()
    yield _registered(plugin)
    yield from _taken(plugin)
    yield _version_range(plugin)
    yield from (Finding(NOTE, "deprecations", text) for text in plugin.deprecations)
    if plugin.state in (BLOCKED, FAILED):
        return
    for load in loads:
        yield from _loading(load)
    yield from (Finding(PROBLEM, "hooks", text) for text in hooks_can_be_called(plugin))
    for what, claim in CLAIMS.items() if plugin.notifiers else ():
        wrong = [text for notifier in plugin.notifiers for text in _wrong(claim, notifier)]
        yield from (Finding(PROBLEM, what, text) for text in wrong)
        if not wrong:
            yield Finding(OK, what, _praise(plugin, what))
    for notifier in plugin.notifiers:
        yield from (Finding(NOTE, "methods", text) for text in misspelt_overrides(notifier))
    for event_type in plugin.event_types:
        if event_type.schema is not None:
            wrong = list(the_schema_can_be_used(event_type))
            yield from (Finding(PROBLEM, "event types", text) for text in wrong)
            if not wrong:
                yield Finding(OK, "event types", f"{event_type.name} has a schema that can be used")
    for section, schema in plugin.own_sections.items():
        wrong = list(checks.of_section(section, schema))
        yield from (Finding(PROBLEM, "settings", text) for text in wrong)
        if not wrong:
            yield Finding(OK, "settings", f"[{section}], each key with a default")


def _wrong(claim: Callable[[Notifier], Iterable[str]], notifier: Notifier) -> list[str]:
    try:
        with guard.exits():
            return list(claim(notifier))
    except Exception as error:  # noqa: BLE001  # what the plugin raises is a finding
        return [f"{notifier.type_id} cannot be checked: {type(error).__name__}: {error}"]


def _registered(plugin: Plugin) -> Finding:
    if plugin.state == BLOCKED:
        return Finding(PROBLEM, "registered", f"{plugin.reason}; remove it from PULP_EVENTS_BLOCK and check again")
    if plugin.state == FAILED:
        return Finding(PROBLEM, "registered", f"{plugin.reason}; -vv shows where it occurred")
    if not plugin.hooks:
        return Finding(
            PROBLEM, "registered", "it implements no hook; mark one with @hookimpl, see docs/notifier-authors.md"
        )
    parts = [f"notifier types: {', '.join(plugin.type_ids)}"] * bool(plugin.notifiers)
    return Finding(OK, "registered", "; ".join([*parts, f"hooks: {', '.join(sorted(plugin.hooks))}"]))


def _version_range(plugin: Plugin) -> Finding:
    what = "versions"
    if plugin.needs_api:
        return Finding(OK, what, f"pulp_events_api = {plugin.needs_api!r}")
    from packaging.requirements import InvalidRequirement, Requirement

    found = plugin.entry_point and plugin.entry_point.dist
    for text in (found.requires or ()) if found else ():
        try:
            needs = Requirement(text)
        except InvalidRequirement:
            continue
        if needs.name.lower().replace("_", "-") == CORE and needs.marker is None:
            if any(part.operator in ("<", "<=", "~=", "==") for part in needs.specifier):
                return Finding(OK, what, text)
            remedy = f"write for example {CORE}{release_range(CORE)} in pyproject.toml"
            return Finding(PROBLEM, what, f"{text} has no upper bound; {remedy}")
    return Finding(
        PROBLEM,
        what,
        f"its package does not require {CORE}, and its module does not set pulp_events_api = '>=1.0,<2'; add one of "
        "them",
    )


def _taken(plugin: Plugin) -> Iterator[Finding]:
    """Of two plugins with one notifier type the first by name is used; it must not be that of another's package."""
    for type_id in plugin.type_ids:
        owner = FIRST_PARTY.get(type_id, "pulp-events" if type_id == FUNCTION else plugin.distribution)
        if owner != plugin.distribution:
            yield Finding(
                PROBLEM,
                "registered",
                f"notifier type {type_id} is that of {owner}, which it would replace; choose another",
            )


def _loading(found: loading_time.Load) -> Iterator[Finding]:
    if found.reason:
        yield Finding(PROBLEM, "imports", f"it does not load in a separate process: {found.reason}")
        return
    modules = set(found.modules)
    heavy = [each for each in loading_time.HEAVY if each in modules]
    if heavy:
        remedy = "import them in Channel.open(), or where they are used"
        yield Finding(PROBLEM, "imports", f"importing it imports {', '.join(heavy)}; {remedy}")
    else:
        yield Finding(OK, "imports", f"no transport among {count(len(modules), 'module', 'modules')}")
    yield from (Finding(PROBLEM, "on loading", f"it {each}") for each in found.did)
    cost = f"{found.seconds * 1000:.1f} ms of each start of pulp-admin"
    slow = found.seconds > loading_time.LIMIT
    advice = f"; aim for less than {loading_time.LIMIT * 1000:g} ms: `python -X importtime` shows what takes long"
    yield Finding(NOTE if slow else OK, "load time", cost + advice * slow)


def _praise(plugin: Plugin, what: str) -> str:
    if what == "settings":
        sections = [f"[{each.settings_section}]" for each in plugin.notifiers if each.settings_section]
        return f"{', '.join(sections)}, each key with a default" if sections else "no section of server.conf"
    if what == "command line":
        actions = [action.name for notifier in plugin.notifiers for action in boundary.actions_of(notifier)]
        return ", ".join(["create", "update", *actions])
    options = sum(len(notifier.config_schema().fields) for notifier in plugin.notifiers)
    return {
        "help of options": f"{count(options, 'option', 'options')}, all described",
        "secrets": "all that sound like one are marked",
        "files and programs": "all that sound like one are marked",
        "connections": _connections(plugin),
        "JSON": "the configuration can be stored",
        "defaults": "all that fields accept themselves",
        "validation": "it accepts, or raises ValidationError",
        "methods": "they take what they are called with",
    }[what]


def _connections(plugin: Plugin) -> str:
    """Whom the types serve, by `connects_to`."""
    serve = ", ".join(each.type_id for each in plugin.notifiers if each.connects_to is not None)
    return f"may serve listeners of untrusted authors: {serve or 'none'}"
