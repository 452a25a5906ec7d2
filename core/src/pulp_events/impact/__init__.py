"""Which fields of an event filters and templates use."""
