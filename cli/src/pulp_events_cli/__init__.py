"""`pulp-admin`: administer the listeners and deliveries of pulp-events.

The way of a command line: `main` → `global_options` → `parser` (built from `commands.GROUPS`, only as far as the words
need it) → the command's `run(bus, arguments)` → exit code.
"""
