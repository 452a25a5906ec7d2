"""States, outcomes and transitions are written as members of their enumerations, and nowhere as bare text.

A word of theirs is refused in a comparison, as a key, in a display and as an argument, and so is one in quotation marks
within SQL. Left out: the test kits, whose authors write plain text, and the scripts of released tables.
"""

import ast
import re
from pathlib import Path

from pulp_events.outbox.states import Outcome, State, Transition

ROOT = Path(__file__).parents[2]
SOURCES = [
    ROOT / "core/src/pulp_events",
    ROOT / "cli/src/pulp_events_cli",
    *(ROOT / "plugins").glob("*/src/pulp_events_*"),
]
WORDS = {word.value for words in (State, Outcome, Transition) for word in words}
QUOTED = re.compile(rf"'({'|'.join(sorted(WORDS))})'")

SETTING = "a setting, or the value of one"
ARGUMENT = "the name of an argument"
ATTRIBUTE = "an attribute of listeners, or a setting"
COLUMN = "the name of a column or of a figure"
OTHER_WORDS = {
    "cli/src/pulp_events_cli/health/nagios.py": dict.fromkeys(("pending", "dead"), COLUMN),
    "plugins/web/src/pulp_events_web/console/pages/retries.py": {"dead": ARGUMENT},
    "plugins/web/src/pulp_events_web/api/health.py": {"pending": COLUMN},
    "plugins/web/src/pulp_events_web/api/stats.py": dict.fromkeys(("delivered", "dead", "pending"), COLUMN),
    "plugins/web/src/pulp_events_web/api/schemas/listeners.py": {"timeout": ATTRIBUTE},
    "plugins/web/src/pulp_events_web/console/forms/attributes.py": {"timeout": ATTRIBUTE},
    "plugins/web/src/pulp_events_web/pulp2/failures.py": {"error": "a member of Pulp 2's errors"},
    "plugins/web/src/pulp_events_web/shown/deliveries.py": {"error": ARGUMENT},
    "plugins/web/src/pulp_events_web/shown/events.py": {"error": ARGUMENT},
    "plugins/web/src/pulp_events_web/shown/listeners.py": {"timeout": ATTRIBUTE},
    "plugins/django/src/pulp_events_django/__init__.py": {"emit": "a function of that name"},
    "plugins/opentelemetry/src/pulp_events_opentelemetry/emitting.py": {
        "emit": "a value of OpenTelemetry's conventions"
    },
    "core/src/pulp_events/about/backlog.py": {"pending": COLUMN},
    "core/src/pulp_events/events/own.py": {"pending": COLUMN},
    "core/src/pulp_events/bus/asked.py": {"error": "the name of an attribute"},
    "core/src/pulp_events/bus/audience.py": {"skip": SETTING},
    "core/src/pulp_events/bus/event_bus.py": {"timeout": ARGUMENT},
    "core/src/pulp_events/bus/for_asyncio.py": {"timeout": ARGUMENT},
    "core/src/pulp_events/listeners/actor.py": {"timeout": ATTRIBUTE},
    "core/src/pulp_events/listeners/making.py": {"timeout": ATTRIBUTE},
    "core/src/pulp_events/listeners/time_limit.py": {"timeout": ATTRIBUTE},
    "core/src/pulp_events/outbox/records.py": {"error": "the name of an attribute"},
    "core/src/pulp_events/outbox/stored_event.py": {"error": "the name of an attribute"},
    "core/src/pulp_events/outbox/sqlite/schema.py": dict.fromkeys(("pending", "dead"), "a released table's script"),
    "core/src/pulp_events/outbox/sqlite/writer.py": {"error": "the name of an attribute"},
    "core/src/pulp_events/outbox/states.py": dict.fromkeys(WORDS, "here they are defined"),
    "core/src/pulp_events/settings/sections.py": {"skip": SETTING},
    "cli/src/pulp_events_cli/commands/__init__.py": dict.fromkeys(("emit", "erase"), "a command"),
    "cli/src/pulp_events_cli/commands/delivery.py": {"discard": "a command"},
    "cli/src/pulp_events_cli/commands/delivery_change.py": {"discard": "a command"},
    "cli/src/pulp_events_cli/commands/delivery_query.py": {"error": "an option"},
    "cli/src/pulp_events_cli/commands/delivery_tail.py": {"error": "an option"},
    "cli/src/pulp_events_cli/commands/event_erasures.py": {"pending": COLUMN},
    "cli/src/pulp_events_cli/commands/top.py": dict.fromkeys(("pending", "dead"), COLUMN),
    "cli/src/pulp_events_cli/completion/values.py": {"discard": "a command"},
    "cli/src/pulp_events_cli/output/activity_tables.py": dict.fromkeys(("pending", "delivered", "dead"), COLUMN),
    "cli/src/pulp_events_cli/output/streams.py": {"error": "begins a line on standard error"},
    "cli/src/pulp_events_cli/top/keys.py": {"erase": "a key"},
    "cli/src/pulp_events_cli/top/model.py": dict.fromkeys(("pending", "dead"), COLUMN),
    "cli/src/pulp_events_cli/top/once.py": {
        "error": "a key of JSON",
        **dict.fromkeys(("pending", "delivered"), COLUMN),
    },
    "plugins/amqp/src/pulp_events_amqp/shared_connection.py": {"timeout": SETTING},
    "plugins/email/src/pulp_events_email/summary.py": {"error": "a key of payloads, and what may stand there"},
    "plugins/http/src/pulp_events_http/channel.py": {"permanent": SETTING},
    "plugins/http/src/pulp_events_http/sample.py": {"error": "what may stand in a payload"},
    "plugins/pulpcore/src/pulp_events_pulpcore/app/requirements.py": {"error": "the name of a field of Pulp's"},
    "plugins/pulpcore/src/pulp_events_pulpcore/app/serializers/listener.py": {"timeout": ATTRIBUTE},
    "plugins/pulpcore/src/pulp_events_pulpcore/app/shown.py": {"timeout": ATTRIBUTE},
    "plugins/postgres/src/pulp_events_postgres/address.py": {"timeout": SETTING},
    "plugins/postgres/src/pulp_events_postgres/queue.py": {"emit": "part of the name of a function in the database"},
}
"""Where a word means something else, or must stand as text: file → word → why."""


def files():
    for source in SOURCES:
        for path in sorted(source.rglob("*.py")):
            if "testing" not in path.parts and ".egg-info" not in str(path):
                yield path


def bare(tree):
    """(line, word) of each word that stands where an enumeration's member belongs."""
    for node in ast.walk(tree):
        suspects = []
        if isinstance(node, ast.Compare):
            suspects = [node.left, *node.comparators]
        elif isinstance(node, ast.Dict):
            suspects = [*node.keys, *node.values]
        elif isinstance(node, ast.Call):
            suspects = [*node.args, *(each.value for each in node.keywords)]
        elif isinstance(node, ast.Tuple | ast.List | ast.Set):
            suspects = node.elts
        elif isinstance(node, ast.IfExp):
            suspects = [node.body, node.orelse]
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.Return | ast.NamedExpr | ast.MatchValue):
            suspects = [node.value]
        elif isinstance(node, ast.arguments):
            suspects = [*node.defaults, *node.kw_defaults]
        for each in suspects:
            if isinstance(each, ast.Constant) and each.value in WORDS:
                yield each.lineno, each.value
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from ((node.lineno, found[1]) for found in QUOTED.finditer(node.value))


def test_no_word_of_the_states_stands_as_bare_text():
    found, paths = [], list(files())
    assert len(paths) > 400
    for path in paths:
        name = path.relative_to(ROOT).as_posix()
        allowed = OTHER_WORDS.get(name, {})
        words = bare(ast.parse(path.read_text("utf-8")))
        found += [f"{name}:{line}: {word}" for line, word in words if word not in allowed]
    assert not found, "use a member of State, Outcome or Transition:\n" + "\n".join(found)


def test_what_is_left_out_is_still_there():
    for name, allowed in OTHER_WORDS.items():
        if not name.endswith("states.py"):
            assert {word for _, word in bare(ast.parse((ROOT / name).read_text("utf-8")))} == set(allowed), name


def test_the_look_finds_bare_words():
    code = """
if state == "dead": pass
counts = {"pending": 0}
Verdict("lost")
find(state="delivered")
last = "delivered" if good else None
query(f"UPDATE d SET state = 'dead' WHERE {more}")
def f(outcome="transient"): return "permanent"
    """
    assert sorted(line for line, _ in bare(ast.parse(code))) == [2, 3, 4, 5, 6, 7, 8, 8]
