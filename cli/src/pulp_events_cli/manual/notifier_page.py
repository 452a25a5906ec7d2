"""pulp-events-notifier(7): what the author of a notifier writes, from the docstrings that say so."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from types import ModuleType

from pulp_events import errors, hookspecs, notifier
from pulp_events.outbox import delivery
from pulp_events_cli.manual import roff

NAME = "pulp-events-notifier"

_SYNOPSIS = """\
    from pulp_events import Action, Channel, Notifier
    from pulp_events import PermanentFailure, TimedOut, TransientFailure
"""

_BEGIN = """\
A notifier adds a type of listener to pulp-events: a way for an event report to reach somebody. It is a class in its own
package, which is found through its entry point in the group `pulp_events`. `pulp-admin event plugin new` creates such a
package, with tests, and `pulp-admin event plugin check` checks an installed one.
"""

_TESTING = """\
`pulp_events.testing` has servers to test against (`HttpSink`, `SmtpSink`), a clock that is set by hand, and
`NotifierContract`, a class of tests to subclass: it checks a notifier against everything that is said here.
"""


def text() -> str:
    """The page."""
    lines = [roff.head(NAME, 7), *roff.section("name"), r"pulp\-events\-notifier \- how to write a notifier"]
    lines += [*roff.section("synopsis"), *roff.paragraphs(_SYNOPSIS)]
    lines += [*roff.section("description"), *roff.paragraphs(_BEGIN), *roff.paragraphs(_docstring(notifier))]
    for title, found in (
        ("the notifier", notifier.Notifier),
        ("channels", notifier.Channel),
        ("commands of a notifier", notifier.Action),
        ("deliveries", delivery.Delivery),
    ):
        lines += [*roff.section(title), *roff.paragraphs(inspect.getdoc(found) or "")]
        for name, about in _members(found):
            lines += roff.term(name, about)
    lines += [*roff.section("failures"), *roff.paragraphs("An attempt fails by raising one of these.")]
    for failure in (errors.TransientFailure, errors.TimedOut, errors.PermanentFailure):
        lines += roff.term(_signature(failure), inspect.getdoc(failure) or "")
    lines += [*roff.section("hooks"), *roff.paragraphs("What a plugin may implement, each marked with `hookimpl`.")]
    for name, function in inspect.getmembers(hookspecs, inspect.isfunction):
        if name.startswith("pulp_"):
            lines += roff.term(f"{name}({', '.join(inspect.signature(function).parameters)})", _first(function))
    lines += [*roff.section("tests"), *roff.paragraphs(_TESTING)]
    lines += [*roff.section("see also"), r"\fBpulp\-admin\-event\-plugin\fR(1), \fBpulp\-events.conf\fR(5)"]
    return roff.page(lines)


def _docstring(module: ModuleType) -> str:
    """A module's docstring without its first line, which says what the module is."""
    return (inspect.getdoc(module) or "").partition("\n\n")[2]


def _first(found: object) -> str:
    return (inspect.getdoc(found) or "").split("\n\n")[0]


def _signature(failure: type[Exception]) -> str:
    parameters = [str(each).partition(":")[0] for each in inspect.signature(failure).parameters.values()]
    return f"{failure.__name__}({', '.join(parameters)})"


def _members(found: type) -> Iterator[tuple[str, str]]:
    """Attributes and methods that are public, each with its docstring, in the order of the source."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(found))).body[0]
    assert isinstance(tree, ast.ClassDef)
    for node, following in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            names = [each.arg for each in [*node.args.args, *node.args.kwonlyargs] if each.arg != "self"]
            is_property = any("property" in ast.unparse(each) for each in node.decorator_list)
            about = (ast.get_docstring(node) or "").replace("\n\n", " ")
            yield node.name if is_property else f"{node.name}({', '.join(names)})", about
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                yield node.target.id, str(following.value.value)
            elif not node.target.id.startswith("_"):
                yield node.target.id, ""
