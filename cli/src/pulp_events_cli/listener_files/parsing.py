"""The text of a file of listeners as values: JSON or YAML, each key once, and of a size that a person would write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulp_events.budgets.budget import Budget, OverBudget
from pulp_events.notation import json_text
from pulp_events.visible import one_line
from pulp_events_cli.errors import UsageError

if TYPE_CHECKING:
    import yaml

MOST_VALUES = 1_000_000
"""In a file. YAML's aliases let some hundred bytes stand for billions of values."""


def parse(text: str, name: str) -> Any:
    """The values in it; raises UsageError that says where in `name` what is wrong."""
    content = _json(text, name) if text.lstrip().startswith("{") else _yaml(text, name)
    try:
        too_many = Budget().size(content) > MOST_VALUES
    except (OverBudget, RecursionError):  # an alias for what it stands in
        too_many = True
    if too_many:
        raise UsageError(f"{name}: its aliases expand to too many values; write the values out")
    return content


def _json(text: str, name: str) -> Any:
    try:
        return json_text.read(text)
    except ValueError as error:
        raise UsageError(f"{name} is not valid JSON: {error}") from None


def _yaml(text: str, name: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            _refuse_double_keys(node, name)
            return super().construct_mapping(node, deep)

        def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
            if len(node.value) > json_text.MAX_DIGITS:
                where = f"line {node.start_mark.line + 1}"
                raise UsageError(f"{name}: the number in {where} has more than {json_text.MAX_DIGITS} digits")
            return int(super().construct_yaml_int(node))

    Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_yaml_int)
    try:
        return yaml.load(text, Loader)  # noqa: S506  # it is a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise UsageError(f"{name} is not valid YAML: {error.problem or 'it cannot be read'}{where}") from None
    except RecursionError:
        raise UsageError(f"{name} is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"{name} is not valid YAML: {one_line(str(error)):.200}") from None


def _refuse_double_keys(node: yaml.MappingNode, name: str) -> None:
    seen = set()
    for key, _ in node.value:
        text = getattr(key, "value", None)
        if not isinstance(text, str):
            continue
        if text in seen and text != "<<":
            line = key.start_mark.line + 1
            raise UsageError(f"{name}: the key {text!r:.60} occurs twice, again in line {line}; keep one")
        seen.add(text)
