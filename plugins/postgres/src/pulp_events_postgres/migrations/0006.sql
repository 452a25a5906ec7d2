-- Events are things of their own: stored without deliveries, kept after them, given further ones.

-- Ids are compared byte by byte, so that the index of them also finds those that begin in a certain way.
ALTER TABLE @.pulp_event ALTER COLUMN id TYPE text COLLATE "C";
-- An event with no delivery is `alone`: its index has no others, and so tells at once which may be deleted. `next_n` is
-- above the number of every delivery that was deleted before its event: ids are never given twice.
ALTER TABLE @.pulp_event ADD COLUMN alone boolean NOT NULL DEFAULT false, ADD COLUMN next_n integer NOT NULL DEFAULT 0,
    ADD COLUMN fingerprint text;
CREATE INDEX pulp_event_alone ON @.pulp_event (time, seq) WHERE alone;
ALTER TABLE @.pulp_delivery ADD COLUMN repeat_of text;
-- Events that were not stored as too much was pending.
CREATE TABLE @.pulp_dropped (event_type text PRIMARY KEY, count bigint NOT NULL, first float8 NOT NULL,
    last float8 NOT NULL);

DROP FUNCTION @.pulp_delete(bigint[], integer[]);

-- Deletes finished deliveries with their attempts, and of the events that then have none those from before p_before;
-- returns how many deliveries.
CREATE FUNCTION @.pulp_delete(p_seq bigint[], p_n integer[], p_before float8) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_material = off AS $$
DECLARE
    v_seq  bigint[];
    v_n    integer[];
    v_gone bigint;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    -- Asked again: an administrator may just have revived one.
    WITH gone AS (
        DELETE FROM @.pulp_delivery d USING unnest(p_seq, p_n) AS u(seq, n)
        WHERE d.event_seq = u.seq AND d.n = u.n AND d.state <> 'pending' RETURNING d.event_seq, d.n)
    SELECT array_agg(event_seq), array_agg(n), count(*) INTO v_seq, v_n, v_gone FROM gone;
    IF v_gone = 0 THEN
        RETURN 0;
    END IF;
    DELETE FROM @.pulp_attempt a USING unnest(v_seq, v_n) AS u(seq, n) WHERE a.event_seq = u.seq AND a.n = u.n;
    -- Whoever adds a delivery locks its event first. What it added is seen by the statements that follow.
    PERFORM 1 FROM @.pulp_event e WHERE e.seq = ANY (v_seq) ORDER BY e.seq FOR UPDATE;
    DELETE FROM @.pulp_event e WHERE e.seq = ANY (v_seq) AND e.time < p_before
        AND NOT EXISTS (SELECT FROM @.pulp_delivery d WHERE d.event_seq = e.seq);
    UPDATE @.pulp_event e SET next_n = greatest(e.next_n, u.next_n),
        alone = NOT EXISTS (SELECT FROM @.pulp_delivery d WHERE d.event_seq = e.seq)
    FROM (SELECT each.seq, max(each.n) + 1 AS next_n FROM unnest(v_seq, v_n) AS each(seq, n) GROUP BY each.seq) u
    WHERE e.seq = u.seq;
    RETURN v_gone;
END $$;

-- Deletes at most p_limit events that have no delivery, from p_from on and before p_before, the oldest first; returns
-- how many, and the time of the last one.
CREATE FUNCTION @.pulp_delete_alone(p_from float8, p_before float8, p_limit integer, OUT gone bigint, OUT last float8)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_material = off AS $$
DECLARE
    v_seq bigint[];
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT array_agg(k.seq), max(k.time) INTO v_seq, last FROM (
        SELECT e.seq, e.time FROM @.pulp_event e WHERE e.alone AND e.time >= p_from AND e.time < p_before
        ORDER BY e.time, e.seq LIMIT p_limit FOR UPDATE SKIP LOCKED) k;
    DELETE FROM @.pulp_event e WHERE e.seq = ANY (v_seq) AND e.alone;
    GET DIAGNOSTICS gone = ROW_COUNT;
END $$;

-- Adds deliveries to events that are there; see Outbox.add_deliveries. Returns the number of each that was added, by its
-- position (from 1).
CREATE FUNCTION @.pulp_add(p_event text[], p_listener text[], p_target text[], p_repeat_of text[], p_state text)
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
