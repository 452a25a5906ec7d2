"""server.conf: read, validated section by section, explained when wrong."""
