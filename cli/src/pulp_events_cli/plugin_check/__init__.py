"""`pulp-admin event plugin check`."""
