"""Events about events: what becomes of listeners, deliveries and the outbox. See docs/events-about-events.md."""
