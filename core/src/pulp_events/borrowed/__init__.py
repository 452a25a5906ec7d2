"""Connections that an application lends for its own transaction: from what a library gives to what a store uses."""
