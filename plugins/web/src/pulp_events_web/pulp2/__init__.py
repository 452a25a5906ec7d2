"""Pulp 2's own routes under `/pulp/api/v2/events/`, for its clients and scripts."""

from flask import Flask


def register(app: Flask) -> None:
    """Add its routes."""
