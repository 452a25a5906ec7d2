"""Schemas of the API: what is taken, and what is answered."""
