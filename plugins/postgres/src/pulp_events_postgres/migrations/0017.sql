-- See `pulp_events.events.trace_context`: NULL where an event was emitted outside of any trace. No row is written for it.
ALTER TABLE @.pulp_event ADD COLUMN trace_context text;

-- Scope and trace context of an event, for who has just claimed a delivery of it, by one look. It is as pulp_scope
-- (0016) was, whose place it takes; no release called that.
DROP FUNCTION @.pulp_scope(text);
CREATE FUNCTION @.pulp_emitted_with(p_event text) RETURNS text[]
LANGUAGE plpgsql VOLATILE STRICT SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    RETURN (SELECT ARRAY[e.scope, e.trace_context] FROM @.pulp_event e WHERE e.id = p_event);
END $$;
