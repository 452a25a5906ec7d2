"""SQL of what `pulp_events.outbox.rows` makes deliveries of."""

from __future__ import annotations

DELIVERY_COLUMNS = """
    e.id, d.n, e.event_type, e.time, e.source, e.report, d.listener_id, d.target, d.state, d.attempts, d.ready_at,
    d.finished, coalesce(d.reason, a.detail, ''), d.lease, d.forgiven,
    d.repeat_of, d.expires, e.scope, e.trace_context
"""
DELIVERY_TABLES = """
    @.pulp_delivery d JOIN @.pulp_event e ON e.seq = d.event_seq
    LEFT JOIN @.pulp_attempt a ON a.event_seq = d.event_seq AND a.n = d.n AND a.number = d.attempts
"""
STORED_EVENT = """
SELECT e.id, e.event_type, e.time, e.source, e.report, e.seq,
       (SELECT count(*) FROM @.pulp_delivery d WHERE d.event_seq = e.seq), e.fingerprint,
       greatest(e.next_n, (SELECT max(d.n) + 1 FROM @.pulp_delivery d WHERE d.event_seq = e.seq)), e.erased,
       e.scope, e.trace_context
FROM @.pulp_event e
"""
"""What `to_stored_event` takes; a condition on e follows."""

DETAIL_CONTAINS = """strpos(lower(coalesce(d.reason, (
    SELECT t.detail FROM @.pulp_attempt t
    WHERE t.event_seq = d.event_seq AND t.n = d.n AND t.number = d.attempts
), '') COLLATE "C"), lower(%s::text COLLATE "C")) > 0"""
"""A condition on d with one parameter, a text. Letters of ASCII are compared alike in capitals or not, as in SQLite."""
