"""Bounds on what an expression or a template may cost."""
