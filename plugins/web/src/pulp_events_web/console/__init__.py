"""The console: pages rendered by the server (Jinja2), under `/console/`."""

from flask import Flask


def register(app: Flask) -> None:
    """Add its pages."""
