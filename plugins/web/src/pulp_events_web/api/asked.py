"""Errors of what a client asked for, by field, where the bus names none."""

from __future__ import annotations

from typing import NoReturn

from flask import abort

from pulp_events_web.problems import problem


def refuse(field: str, detail: str, status: int = 422) -> NoReturn:
    """Answer that the value of this field, or parameter, is not valid."""
    abort(problem(status, detail, {field: [detail]}))


def missing(detail: str) -> NoReturn:
    """Answer 404."""
    abort(problem(404, detail))
