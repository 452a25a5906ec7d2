-- A delivery is repeated once, however many ask for it at the same moment; its repeat may be repeated in turn.

-- Adds deliveries to events that are there; see Outbox.add_deliveries. Returns the number of each that was added, by its
-- position (from 1).
CREATE OR REPLACE FUNCTION @.pulp_add(p_event text[], p_listener text[], p_target text[], p_repeat_of text[], p_state text)
RETURNS TABLE (place bigint, n integer)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_material = off AS $$
#variable_conflict use_column
DECLARE
    v_each record;
    v_seq  bigint;
    v_next integer;
BEGIN
    -- Whoever adds to the same event, or deletes it, waits. In one order, so that nobody waits in a circle.
    PERFORM 1 FROM @.pulp_event e WHERE e.id = ANY (p_event) ORDER BY e.seq FOR UPDATE;
    FOR v_each IN
        SELECT u.* FROM unnest(p_event, p_listener, p_target, p_repeat_of) WITH ORDINALITY
            AS u(event, listener, target, repeat_of, place) ORDER BY u.place
    LOOP
        SELECT e.seq, e.next_n INTO v_seq, v_next FROM @.pulp_event e WHERE e.id = v_each.event;
        CONTINUE WHEN NOT FOUND;
        CONTINUE WHEN v_each.repeat_of IS NULL AND EXISTS (
            SELECT FROM @.pulp_delivery d
            WHERE d.event_seq = v_seq AND d.listener_id = v_each.listener AND d.target = v_each.target);
        CONTINUE WHEN v_each.repeat_of IS NOT NULL AND EXISTS (
            SELECT FROM @.pulp_delivery d WHERE d.event_seq = v_seq AND d.repeat_of = v_each.repeat_of);
        SELECT greatest(v_next, max(d.n) + 1) INTO v_next FROM @.pulp_delivery d WHERE d.event_seq = v_seq;
        INSERT INTO @.pulp_delivery (event_seq, n, listener_id, target, state, repeat_of)
        VALUES (v_seq, v_next, v_each.listener, v_each.target, p_state, v_each.repeat_of);
        -- Changed in any case: whoever is deciding about this event then decides again.
        UPDATE @.pulp_event e SET alone = false, next_n = v_next + 1 WHERE e.seq = v_seq;
        place := v_each.place;
        n := v_next;
        RETURN NEXT;
    END LOOP;
END $$;
