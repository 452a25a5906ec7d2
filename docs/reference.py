"""Describes classes and functions from their signatures and docstrings, for docs/generate.py."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import textwrap
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

WIDTH = 100


def function(name: str, found: Callable[..., Any]) -> str:
    """A function: signature and docstring."""
    return f"{signature(name, found)}\n{docstring(found)}"


def klass(found: type) -> str:
    """A class: docstring, attributes, methods."""
    parts = [docstring(found)]
    constructor = vars(found).get("__init__")
    if constructor is not None and not dataclasses.is_dataclass(found) and not is_internal(constructor):
        parts.append(signature(found.__name__, constructor))
    package = found.__module__
    ours = [base for base in found.__mro__ if f"{base.__module__}.".startswith(f"{package}.")]
    if rows := [row for base in reversed(ours) for row in attributes(base)]:
        parts.append("| attribute | | |\n| --- | --- | --- |\n" + "".join(rows))
    if issubclass(found, Enum):
        words = "".join(f"| `{word}` | {'; '.join(texts)} |\n" for word, texts in members(found).items())
        return "\n".join([*parts, f"| word | meaning |\n| --- | --- |\n{words}"])
    for name, value in vars(found).items():
        method = value.__func__ if isinstance(value, staticmethod | classmethod) else value
        if not name.startswith("_") and inspect.isfunction(method) and not is_internal(method):
            parts.append(function(name, method))
    return "\n".join(part for part in parts if part.strip())


INTERNAL = "Not for applications"
"""So begins the docstring of what nobody is to use: a constructor's arguments are not shown, others not at all."""


def is_internal(found: Any) -> bool:
    """True for a function, or a property, that is not shown."""
    return docstring(found).startswith(INTERNAL)


def signature(name: str, found: Callable[..., Any]) -> str:
    """A signature as a block, wrapped where it is long."""
    shown = inspect.signature(found)
    parameters = [each for each in shown.parameters.values() if each.name not in ("self", "cls")]
    returns = shown.return_annotation
    if name[:1].isupper() or returns in (inspect.Signature.empty, "None", None):
        returns = inspect.Signature.empty
    text = f"{name}{shown.replace(parameters=parameters, return_annotation=returns)}".replace("'", "")
    if len(text) > WIDTH:
        inner = ",\n    ".join(map(str, parameters)).replace("'", "")
        arrow = "" if returns is inspect.Signature.empty else f" -> {returns}"
        text = f"{name}(\n    {inner},\n){arrow}"
    return f"```text\n{text}\n```\n"


def attributes(found: type) -> Iterator[str]:
    """Rows for the attributes and properties of a class that have a docstring, or are a data class's fields."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(found))).body[0]
    assert isinstance(tree, ast.ClassDef)
    following = [*tree.body[1:], None]
    for node, after in zip(tree.body, following, strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name, kind = node.target.id, ast.unparse(node.annotation)
            value = _default(found, name, node.value)
            text = _string(after)
            if not name.startswith("_") and (text or dataclasses.is_dataclass(found)):
                yield _row(name, kind.replace("ClassVar[", "").removesuffix("]" * ("ClassVar[" in kind)) + value, text)
        elif isinstance(node, ast.FunctionDef) and any("property" in ast.unparse(each) for each in node.decorator_list):
            returns = ast.unparse(node.returns) if node.returns else ""
            text = ast.get_docstring(node) or ""
            if not node.name.startswith("_") and not text.startswith(INTERNAL):
                yield _row(node.name, returns, text)


def _default(found: type, name: str, value: ast.expr | None) -> str:
    """` = None` where that is what a field is unless it is given, also where a call such as `field()` says so."""
    if isinstance(value, ast.Call) and dataclasses.is_dataclass(found):
        default = {each.name: each.default for each in dataclasses.fields(found)}.get(name, dataclasses.MISSING)
        return "" if default is dataclasses.MISSING else f" = {default!r}"
    return "" if value is None else f" = {ast.unparse(value)}"


def members(found: type[Enum]) -> dict[str, list[str]]:
    """The paragraphs of the docstring of each member of an enumeration, by the member's value."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(found))).body[0]
    assert isinstance(tree, ast.ClassDef)
    texts = {
        ast.unparse(node.targets[0]): inspect.cleandoc(_string(after)).split("\n\n")
        for node, after in itertools.pairwise(tree.body)
        if isinstance(node, ast.Assign)
    }
    return {each.value: [" ".join(part.split()) for part in texts[each.name]] for each in found}


def _string(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return node.value.value
    return ""


def _row(name: str, kind: str, text: str) -> str:
    escaped = f"`{kind}`".replace("|", "\\|")
    return f"| `{name}` | {escaped} | {' '.join(text.split()).replace('|', chr(92) + '|')} |\n"


def docstring(found: Any) -> str:
    """The docstring as Markdown. Its examples are indented, and so stay."""
    text = inspect.cleandoc(getattr(found, "__doc__", None) or "")
    return f"{text}\n" if text else ""
