"""What a template reads, by jinja2's own parse tree.

Names are followed through `set`, `with` and loops, without regard to the order of statements: what a name may stand for
anywhere, it is taken to stand for everywhere. So more may be found than is read, and not less. Importing this imports
jinja2.
"""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, nodes

from pulp_events.impact.uses import ANY, CALL_REPORT, ITEM, PAYLOAD, ROOTS, Path, Uses, extended

_Places = frozenset[Path]
_NONE: _Places = frozenset()
_ROOTS: dict[str, _Places] = {
    "event": frozenset([()]),
    "report": frozenset([()]),  # as JSON text
    PAYLOAD: frozenset([(PAYLOAD,)]),
    CALL_REPORT: frozenset([(CALL_REPORT,)]),
}
_ITEMS = "loop items"
_EVENTS = "events"
"""What notifiers call the list of a digest's events."""
_PASS_ON = frozenset(
    ["list", "sort", "reverse", "unique", "select", "reject", "selectattr", "rejectattr", "safe", "batch", "slice"]
)
_OF_ITEMS = frozenset(["first", "last", "random", "min", "max"])
_BY_ATTRIBUTE = frozenset(["selectattr", "rejectattr", "groupby", "map", "sort", "unique", "min", "max"])
_SHALLOW = frozenset(["length", "count"])
_OF_KIND = frozenset(["defined", "undefined", "none", "mapping", "sequence", "iterable", "string", "number", "boolean"])
_ROUNDS = 20


def uses_of_template(source: str) -> Uses:
    """The places of a report that the template reads. Raises jinja2's TemplateSyntaxError, RecursionError."""
    tree = Environment(autoescape=True).parse(source)
    walk = _Walk()
    for _ in range(_ROUNDS):
        before = dict(walk.names)
        walk.statement(tree)
        if walk.names == before:
            return walk.uses
    walk.uses.add([()])  # names that are made of each other without end
    return walk.uses


class _Walk:
    def __init__(self) -> None:
        self.uses = Uses()
        self.names: dict[str, _Places] = {}

    def read(self, places: _Places, *, whole: bool = True) -> None:
        """The value at these places is looked at; `whole=False`: only whether it is there, or true."""
        for place in map(_in_report, places):
            if place is not None and (whole or place not in ROOTS):
                self.uses.add([place], whole=whole)

    def bind(self, target: Any, places: _Places) -> None:
        if isinstance(target, nodes.NSRef):  # an attribute of a namespace, which is not followed
            self.read(places)
        for name in [target, *target.find_all(nodes.Name)]:
            if isinstance(name, nodes.Name):
                self.names[name.name] = self.names.get(name.name, _NONE) | places

    def statement(self, node: Any) -> None:
        match node:
            case nodes.Output():
                for each in node.nodes:
                    self.read(self.places(each))
            case nodes.For():
                items = self._items(node.iter)
                self.bind(node.target, items)
                self.names[_ITEMS] = self.names.get(_ITEMS, _NONE) | items
                if node.test is not None:
                    self.read(self.places(node.test), whole=False)
                self._statements([*node.body, *node.else_])
            case nodes.If():
                self.read(self.places(node.test), whole=False)
                self._statements([*node.body, *node.elif_, *node.else_])
            case nodes.Assign():
                self.bind(node.target, self.places(node.node))
            case nodes.With():
                for target, value in zip(node.targets, node.values, strict=True):
                    self.bind(target, self.places(value))
                self._statements(node.body)
            case nodes.Expr():
                if getattr(node, "ctx", "load") == "load":
                    self.read(self.places(node))
            case _:
                self._statements(node.iter_child_nodes())

    def _statements(self, found: Any) -> None:
        for each in found:
            self.statement(each)

    def places(self, node: Any) -> _Places:
        """Where the value of an expression stands in the report; what goes into a new value is read."""
        match node:
            case nodes.Name():
                known = self.names.get(node.name, _NONE)
                return known | _ROOTS.get(node.name, _NONE if known else frozenset([("", node.name)]))
            case nodes.Getattr(node=nodes.Name(name="loop"), attr="previtem" | "nextitem"):
                return self.names.get(_ITEMS, _NONE)
            case nodes.Getattr():
                return extended(self.places(node.node), node.attr)
            case nodes.Getitem():
                return self._item(self.places(node.node), node.arg)
            case nodes.Call(node=nodes.Getattr() as method):
                return self._method(self.places(method.node), method.attr, node)
            case nodes.Filter():
                return self._filter(node)
            case nodes.CondExpr():
                self.read(self.places(node.test), whole=False)
                other = self.places(node.expr2) if node.expr2 is not None else _NONE
                return self.places(node.expr1) | other
            case nodes.And() | nodes.Or():
                left = self.places(node.left)
                self.read(left, whole=False)  # whether it is true decides
                return left | self.places(node.right)
            case nodes.Not():
                self.read(self.places(node.node), whole=False)
            case nodes.Test():
                self.read(self.places(node.node), whole=node.name not in _OF_KIND)
                self.read(self._arguments(node))
            case nodes.Compare():
                self._compare(node)
            case _:
                for child in node.iter_child_nodes():
                    self.read(self.places(child)) if isinstance(child, nodes.Expr) else self._operand(child)
        return _NONE

    def _operand(self, node: Any) -> None:
        for child in node.iter_child_nodes():  # of a keyword argument, or a pair of a dict
            self.read(self.places(child))

    def _arguments(self, node: Any) -> _Places:
        found = [*(node.args or ()), *(each.value for each in node.kwargs or ()), node.dyn_args, node.dyn_kwargs]
        return _NONE.union(*(self.places(each) for each in found if each is not None))

    def _items(self, node: Any) -> _Places:
        """Where the items are of what is iterated over. A mapping's keys are read of the mapping."""
        places = self.places(node)
        roots = _roots(places)
        self.read(roots)
        self.read(places, whole=False)
        return extended(places - roots, ITEM)

    def _item(self, places: _Places, key: Any) -> _Places:
        if isinstance(key, nodes.Const) and isinstance(key.value, str):
            return extended(places, key.value)
        if isinstance(key, nodes.Slice):
            self._operand(key)
            return places
        if isinstance(key, nodes.Neg) or (isinstance(key, nodes.Const) and isinstance(key.value, int)):
            return extended(places, ITEM)
        self.read(self.places(key))
        return extended(places, ANY)

    def _method(self, places: _Places, name: str, node: Any) -> _Places:
        self.read(places, whole=False)  # what is not there has no method, even where nobody looks at the result
        if name == "get" and node.args:
            given = [self.places(each) for each in node.args[1:]]
            return self._item(places, node.args[0]).union(*given)
        if name in ("items", "values"):
            return extended(places, ANY)
        if name == "report":  # of an event
            return places
        self.read(places)
        self.read(self._arguments(node))
        return _NONE

    def _filter(self, node: Any) -> _Places:
        places = self.places(node.node) if node.node is not None else _NONE
        name, given, attribute = node.name, self._arguments(node), _attribute(node)
        if name in ("default", "d"):
            return places | given
        self.read(given)
        self.read(places, whole=False)  # of the wrong kind, they fail even where nobody looks at the result
        if name == "attr":
            return extended(places, attribute or ANY)
        if name in ("items", "dictsort"):
            return extended(places, ANY)
        self.read(_roots(places))  # which keys they have is seen by all that count, or go through, items
        if name in _SHALLOW:
            return _NONE
        if name in _BY_ATTRIBUTE and attribute:
            inner = extended(places, ITEM)
            for key in attribute.split("."):
                inner = extended(inner, ITEM if key.isdigit() else key)
            if name == "map":
                return inner
            self.read(inner)
        elif name in _BY_ATTRIBUTE and (node.args or node.kwargs):
            self.read(places)
        if name in _OF_ITEMS:
            return extended(places, ITEM)
        if name in _PASS_ON:
            return places
        self.read(places)
        return _NONE

    def _compare(self, node: Any) -> None:
        left, key = self.places(node.expr), getattr(node.expr, "value", None)
        for operand in node.ops:
            right = self.places(operand.expr)
            if operand.op in ("in", "notin") and isinstance(key, str):
                objects = frozenset(place for place in right if place in ((PAYLOAD,), (CALL_REPORT,)))
                self.read(extended(objects, key), whole=False)
                right -= objects
            self.read(right)
        self.read(left)


def _attribute(node: Any) -> str | None:
    """The name of an attribute that a filter is given, if it is a text."""
    named = [each.value for each in node.kwargs or () if each.key == "attribute"]
    first = list(node.args or ())[:1] if node.name in ("attr", "selectattr", "rejectattr", "groupby") else []
    for found in (*named, *first):
        if isinstance(found, nodes.Const) and isinstance(found.value, str):
            return found.value
    return None


def _roots(places: _Places) -> _Places:
    """Those that are a whole report, payload or call report: mappings of any fields."""
    return frozenset(place for place in places if place in ROOTS or (len(place) > 2 and _in_report(place) in ROOTS))


def _in_report(place: Path) -> Path | None:
    """The place in a report of what stands below a name that a notifier adds, such as the events of a digest."""
    if place[:1] != ("",):
        return place
    if place[1:2] == (_EVENTS,):
        return place[3:]  # without which of them it is
    for number, key in enumerate(place):
        if number > 1 and key in (PAYLOAD, CALL_REPORT):
            return place[number:]
    return None
