"""Which deliveries were applied: a table in the receiver's own database, written in its own transaction."""
