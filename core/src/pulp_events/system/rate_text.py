"""How a rate is written: `10/s`, `100/m`, `1000/h`, `5000/d`."""

PATTERN = r"^[1-9]\d{0,9}/[smhd]$"
"""Of JSON Schema, and of `re`."""
