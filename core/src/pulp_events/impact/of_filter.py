"""What a filter reads, by JMESPath's own parse tree. Importing this imports jmespath."""

from __future__ import annotations

from typing import Any

import jmespath

from pulp_events.impact.uses import ANY, ITEM, ROOTS, Path, Uses, extended

_PASS_ON = frozenset(["not_null", "to_array", "sort", "reverse", "sort_by", "max_by", "min_by"])
"""Functions whose value is one of their arguments, or a list of its items."""

_Places = frozenset[Path]
_NONE: _Places = frozenset()


def uses_of_filter(expression: str) -> Uses:
    """The places of a report that the expression reads. Raises jmespath's JMESPathError, RecursionError."""
    walk = _Walk()
    walk.read(walk.visit(jmespath.compile(expression).parsed, frozenset([()])))
    return walk.uses


class _Walk:
    """Follows where each part of the expression is, as long as nobody looks at its value."""

    def __init__(self) -> None:
        self.uses = Uses()

    def read(self, places: _Places) -> _Places:
        self.uses.add(places)
        return _NONE

    def visit(self, node: Any, here: _Places) -> _Places:
        """Where the node's value stands in the report, the current node being `here`; none: it is a new value."""
        children = node["children"]
        match node["type"]:
            case "field":
                return extended(here, str(node["value"]))
            case "subexpression" | "index_expression" | "pipe":
                for child in children:
                    here = self.visit(child, here)
                return here
            case "index":
                return extended(here, ITEM)
            case "current" | "identity" | "slice":
                return here
            case "flatten":
                return self.visit(children[0], here)
            case "projection":
                return self.visit(children[1], extended(self.visit(children[0], here), ITEM))
            case "value_projection":
                return self.visit(children[1], extended(self.visit(children[0], here), ANY))
            case "filter_projection":
                items = extended(self.visit(children[0], here), ITEM)
                self.read(self.visit(children[2], items))
                return self.visit(children[1], items)
            case "or_expression" | "and_expression":
                left = self.visit(children[0], here)
                self.uses.add(left - ROOTS, whole=False)  # whether it is true decides
                return left | self.visit(children[1], here)
            case "function_expression":
                return self._function(node["value"], children, here)
        for child in children:  # comparisons, lists, objects: what they hold is read
            if isinstance(child, dict):
                self.read(self.visit(child, here))
        return _NONE

    def _function(self, name: str, children: Any, here: _Places) -> _Places:
        arguments = [self.visit(child, here) for child in children if child["type"] != "expref"]
        places = _NONE.union(*arguments)
        for child in children:
            if child["type"] == "expref":
                self.read(self.visit(child["children"][0], extended(places, ITEM)))
        if name == "map":
            return _NONE  # of its list only what the expression reads
        if name not in _PASS_ON:
            return self.read(places)
        self.uses.add(places - ROOTS, whole=False)  # of the wrong kind, it fails even where nobody looks at the result
        return places
