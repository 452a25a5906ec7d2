"""SQL of what `outbox.rows` makes deliveries of."""

from __future__ import annotations

from pulp_events.outbox.states import Transition, kept

DELIVERY_COLUMNS = """
    e.id, d.n, e.event_type, e.time, e.source, e.report, d.listener_id, d.target, d.state, d.attempts, d.ready_at,
    d.finished, COALESCE(d.reason, a.detail, ''), d.lease, d.forgiven, d.repeat_of, d.expires, e.scope, e.trace_context
"""
_LAST_ATTEMPT = "LEFT JOIN pulp_attempt a ON a.event_seq = d.event_seq AND a.n = d.n AND a.number = d.attempts"
DELIVERY_TABLES = f"pulp_delivery d CROSS JOIN pulp_event e ON e.seq = d.event_seq {_LAST_ATTEMPT}"
EVENT_TABLES = f"pulp_event e CROSS JOIN pulp_delivery d ON d.event_seq = e.seq {_LAST_ATTEMPT}"
"""The same rows, but the event is looked for first. A CROSS JOIN keeps SQLite from changing the order."""
PENDING = f"state = '{kept(Transition.CLAIM)}'"
"""A condition. In the text and no parameter, with which SQLite would not use the index of what is pending."""
ATTEMPT_COLUMNS = "number, started, duration, outcome, detail, retry_at"
STORED_EVENT = """
SELECT e.id, e.event_type, e.time, e.source, e.report, e.seq,
       (SELECT count(*) FROM pulp_delivery d WHERE d.event_seq = e.seq), e.fingerprint,
       max(e.next_n, COALESCE((SELECT max(d.n) + 1 FROM pulp_delivery d WHERE d.event_seq = e.seq), 0)), e.erased,
       e.scope, e.trace_context
FROM pulp_event e
"""
"""What `to_stored_event` takes; a condition on e follows."""
TYPES = """
WITH RECURSIVE them(name) AS (
    SELECT min(event_type) FROM pulp_event
    UNION ALL
    SELECT (SELECT min(event_type) FROM pulp_event WHERE event_type > them.name) FROM them WHERE them.name IS NOT NULL
)
SELECT name FROM them WHERE name IS NOT NULL
"""
"""The types of all events that are stored: a step in the index for each. A further condition on `name` may follow."""
MATCHES = "pulp_matches"
"""SQL's name of `events.pattern.matches` on our connections."""
