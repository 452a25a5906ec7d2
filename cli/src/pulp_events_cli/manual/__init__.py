"""Manual pages: of each command from its parser, of server.conf from the schemas, for authors from the docstrings."""
