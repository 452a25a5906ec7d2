"""The outbox: deliveries and attempts, stored before `emit` returns."""
