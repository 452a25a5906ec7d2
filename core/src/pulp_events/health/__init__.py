"""Whether events are delivered: what `EventBus.health` answers, and by which rules."""
