"""Listeners, deliveries and events as the API and the console show them: pure functions, no web framework."""
