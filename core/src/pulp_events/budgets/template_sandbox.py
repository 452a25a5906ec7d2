"""jinja2's sandbox with a budget: what a template does is counted where it does it, see `pulp_events.budgets.budget`.

Every way in which a few characters become much work or memory passes through here: loops, calls, filters, operators,
and whatever makes a text or container of others. Importing this imports jinja2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import Any, NoReturn

from jinja2 import ChainableUndefined, TemplateSyntaxError, nodes
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from pulp_events.budgets.budget import Budget, OverBudget

WIDEST = 100_000
"""Of a width, indentation, or precision."""
LARGEST_PRODUCT = 10_000_000
"""Length of a text times what a filter may put in place of each character."""
MOST_BITS = 4096
"""Of a product of integers."""
_WIDTHS = frozenset(["center", "indent", "wordwrap", "batch", "slice", "round", "tojson", "ljust", "rjust", "zfill"])
_REFUSED = frozenset(["expandtabs", "translate", "format_map"])
_WIDE_FORMAT = re.compile(r"\d{5,}|\*|\{[^{}]*:[^{}]*\{")
"""Widths that a format names, or takes from its arguments."""
_COUNTED, _MADE = "pulp counted", "pulp made"

_current: ContextVar[Budget | None] = ContextVar("pulp_events_template_budget", default=None)


@contextmanager
def counting() -> Iterator[None]:
    """One compilation or rendering: it has a budget of its own."""
    token = _current.set(Budget())
    try:
        yield
    finally:
        _current.reset(token)


def _budget() -> Budget:
    found = _current.get()
    return Budget() if found is None else found


@lru_cache(maxsize=2)
def environment(html: bool) -> ImmutableSandboxedEnvironment:
    """The environment that compiles and renders. `html`: escape what is put in."""
    made = _Environment(autoescape=html, undefined=ChainableUndefined, keep_trailing_newline=True, finalize=_finalize)
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    del made.globals["lipsum"]
    made.filters = {name: _guarded(name, filter) for name, filter in made.filters.items()}
    made.filters |= {_COUNTED: _counted, _MADE: _made}
    return made


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(["*", "**", "+", "%"])

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = _Counting().visit(super()._parse(source, name, filename))
        tree.set_environment(self)
        return tree  # type: ignore[no-any-return]

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return super().is_safe_attribute(obj, attr, value) and not (isinstance(obj, str) and attr in _REFUSED)

    def getattr(self, obj: Any, attribute: str) -> Any:
        _budget().spend()
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        found = super().getitem(obj, argument)
        if isinstance(argument, slice):
            _budget().made(found)
        _budget().spend()
        return found

    def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        if isinstance(obj, LoopContext) and args:  # a recursive loop
            args = (_counted(args[0]), *args[1:])
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, str):
            _check(obj.__name__, owner, args, kwargs)
        elif getattr(obj, "__wrapped__", None) in (str.format, str.format_map):  # as the sandbox replaces these
            _check_format(str(obj.__wrapped__))
        result = super().call(context, obj, *args, **kwargs)
        _budget().made(result)
        return result

    def wrap_str_format(self, value: Any) -> Any:
        owner = getattr(value, "__self__", None)
        if isinstance(owner, str) and value.__name__ in ("format", "format_map"):
            _check_format(owner)
        return super().wrap_str_format(value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = all(isinstance(side, int | float) for side in (left, right))
        if operator == "**" or (operator == "*" and not numbers):
            raise ValueError(f"the operator {operator} is not available on these values")
        whole = operator == "*" and all(isinstance(side, int) for side in (left, right))
        if whole and int(left).bit_length() + int(right).bit_length() > MOST_BITS:
            raise OverBudget("a product of integers is too large")
        if operator == "%" and isinstance(left, str):
            _check_format(left)
        result = super().call_binop(context, operator, left, right)
        _budget().made(result)
        return result


class _Counting(NodeTransformer):
    """Puts a count around what makes something of many values, or runs many times."""

    def visit_For(self, node: Any) -> nodes.Node:
        self.generic_visit(node)
        node.iter = _filter(_COUNTED, node.iter)
        return node  # type: ignore[no-any-return]

    def _visit_made(self, node: Any) -> nodes.Node:
        self.generic_visit(node)
        if getattr(node, "ctx", "load") != "load":
            return node  # type: ignore[no-any-return]
        return _filter(_MADE, node)

    visit_Concat = visit_List = visit_Tuple = visit_Dict = _visit_made

    def _refuse(self, node: nodes.Node) -> NoReturn:
        what = (
            "include" if isinstance(node, nodes.Include) else "extends" if isinstance(node, nodes.Extends) else "import"
        )
        raise TemplateSyntaxError(f"there is no {what} here; a template stands in one text", node.lineno)

    visit_Include = visit_Extends = visit_Import = visit_FromImport = _refuse


def _filter(name: str, node: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _counted(values: Iterable[Any]) -> Iterator[Any]:
    spend = _budget().spend
    for value in values:
        spend()
        yield value


def _made(value: Any) -> Any:
    _budget().made(value)
    return value


_finalize = _made
"""Of each value that is put out."""


def _guarded(name: str, filter: Callable[..., Any]) -> Callable[..., Any]:
    """The filter with its arguments checked before it works, and its result counted."""
    skip = 1 if hasattr(filter, "jinja_pass_arg") else 0  # the context, or environment

    @wraps(filter)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        given = list(args)
        if len(given) > skip:
            if name == "join" and not isinstance(given[skip], str):
                given[skip] = list(_counted(given[skip]))
            _check(name, given[skip], given[skip + 1 :], kwargs)
        result = filter(*given, **kwargs)
        _budget().made(result)
        return result

    return guarded


def _check(name: str, first: Any, more: Iterable[Any], named: dict[str, Any]) -> None:
    """Raise OverBudget for what a filter, or a method of a text, would take long for."""
    budget = _budget()
    budget.made(first)
    if name == "format" and isinstance(first, str):
        _check_format(first)
    length = len(first) if isinstance(first, str | list | tuple) else 1
    for value in (*more, *named.values()):
        budget.made(value)
        size = 0
        if isinstance(value, int) and name in _WIDTHS:
            size = abs(value)
            if size > WIDEST:
                raise OverBudget(f"{name} is given {value}; at most {WIDEST} is allowed")
        elif isinstance(value, str):
            size = len(value)
        if length * size > LARGEST_PRODUCT and name not in ("center", "ljust", "rjust", "zfill", "round"):
            raise OverBudget(f"{name} would produce a text that is too long")


def _check_format(text: str) -> None:
    if _WIDE_FORMAT.search(text):
        raise OverBudget("a format has a width of five digits or more, or takes it from its arguments")
