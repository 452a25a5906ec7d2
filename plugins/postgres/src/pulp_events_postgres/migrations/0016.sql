-- See `pulp_events.events.trace_context`: NULL where an event was emitted outside of any trace. No row is written for it.
ALTER TABLE @.pulp_event ADD COLUMN trace_context text;

-- The scope of an event (see 0015) and its trace context, for who has just claimed a delivery of it. Not STABLE, and so
-- by a snapshot of its own: the event may have been stored after the statement that claims had begun. The functions that
-- claim keep the columns that they return, as processes of an earlier release still call them.
CREATE FUNCTION @.pulp_beside(p_event text) RETURNS text[]
LANGUAGE plpgsql VOLATILE STRICT SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    RETURN (SELECT ARRAY[e.scope, e.trace_context] FROM @.pulp_event e WHERE e.id = p_event);
END $$;
