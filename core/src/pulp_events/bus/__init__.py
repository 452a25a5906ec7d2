"""What an application holds: the event bus, and what it asks of it."""
