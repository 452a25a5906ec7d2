"""`pulp-admin event plugin new`: a complete package for a new notifier type, made from the files in `templates/`."""
