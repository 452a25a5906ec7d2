"""Schemas of event types: payloads are checked against them, documents made of them."""
