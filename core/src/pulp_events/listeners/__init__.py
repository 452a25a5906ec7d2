"""Listeners: the records, their store, and which of them an event concerns."""
