"""Expressions without the values in them: what is looked for may be just what nobody is to read again."""

from __future__ import annotations

MASK = "'…'"


def masked(expression: str) -> str:
    r"""A valid JMESPath expression with its literals, and the names of fields that need quotation marks, masked.

    >>> masked("payload.user == 'ada' && owners[?n > `5`].\"a@b.example\" | [0]")
    "payload.user == '…' && owners[?n > '…'].'…' | [0]"
    """
    from jmespath.lexer import Lexer  # needed by few programs

    tokens = [*Lexer().tokenize(expression)]
    parts, at = [], 0
    for token, following in zip(tokens, tokens[1:], strict=False):
        if token["type"] in ("literal", "quoted_identifier"):
            text = expression[token["start"] : following["start"]]
            spaces = text[len(text.rstrip()) :]
            parts += [expression[at : token["start"]], MASK, spaces]
            at = following["start"]
    return "".join([*parts, expression[at:]])
