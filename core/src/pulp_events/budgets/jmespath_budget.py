"""JMESPath whose evaluation has a budget, see `pulp_events.budgets.budget`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jmespath.functions import Functions
from jmespath.visitor import Options, TreeInterpreter

from pulp_events.budgets.budget import UNITS, Budget

_MAKING = frozenset(
    [
        "multi_select_list",
        "multi_select_dict",
        "flatten",
        "projection",
        "value_projection",
        "filter_projection",
        "slice",
    ]
)
"""Nodes whose value is new. That of the others stands in the report, or was made by one of these."""
_OPTIONS = Options(custom_functions=Functions())


class Filter:
    """A compiled expression, to be called with a report of plain dicts and lists. Raises OverBudget."""

    def __init__(self, expression: str, parsed: Any) -> None:
        self.expression = expression
        self._parsed = parsed

    def __call__(self, report: Mapping[str, Any]) -> Any:
        return _Interpreter().visit(self._parsed, report)


class _Interpreter(TreeInterpreter):
    _functions: Functions

    def __init__(self) -> None:
        super().__init__(_OPTIONS)
        self._budget = Budget()

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._budget.spend()
        kind = node["type"]
        result = getattr(self, f"visit_{kind}", self.default_visit)(node, *args, **kwargs)
        if kind in _MAKING:
            self._budget.made(result)
        return result

    def visit_comparator(self, node: Any, value: Any) -> Any:
        left, right = (self.visit(child, value) for child in node["children"])
        if isinstance(left, list | dict) and isinstance(right, list | dict):
            self._budget.spend(min(self._budget.size(left), self._budget.size(right)) // UNITS)
        if node["value"] in ("eq", "ne"):
            return self.COMPARATOR_FUNC[node["value"]](left, right)
        literals: Any = [{"type": "literal", "value": side, "children": []} for side in (left, right)]
        return super().visit_comparator({"type": "comparator", "value": node["value"], "children": literals}, value)

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        arguments = [self.visit(child, value) for child in node["children"]]
        for argument in arguments:
            self._budget.made(argument)
        if node["value"] == "join" and isinstance(arguments[0], str) and isinstance(arguments[1], list):
            self._budget.spend(len(arguments[0]) * len(arguments[1]) // UNITS)
        result = self._functions.call_function(node["value"], arguments)
        self._budget.made(result)
        return result
