"""How the values of a configuration's fields are written as text: at the command line, in a form, in a manual.

The structure of a marshmallow field (`structure.py`) decides, never its name: one value is the text that the field
loads, or else the JSON that it loads; a list is `a,b`, a mapping `KEY=VALUE`, and what has fields of its own JSON.
"""
