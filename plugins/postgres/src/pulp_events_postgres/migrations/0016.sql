-- The scope of an event (see 0015), for who has just claimed a delivery of it. Not STABLE, and so by a snapshot of its own:
-- the event may have been stored after the statement that claims had begun. The functions that claim keep the columns
-- that they return, as processes of an earlier release still call them.
CREATE FUNCTION @.pulp_scope(p_event text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    RETURN (SELECT e.scope FROM @.pulp_event e WHERE e.id = p_event);
END $$;
