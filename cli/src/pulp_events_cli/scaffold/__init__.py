"""`pulp-admin event plugin new`: a complete package for a new plugin, made from the files in `templates/`."""
