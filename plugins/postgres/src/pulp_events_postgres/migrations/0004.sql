-- Claims of certain deliveries, for a command that emits an event and makes its deliveries, and nobody else's. Each is
-- found by its key. Nothing begins at the marks of marks.py here: a process that claims so seldom looks, and whoever
-- keeps an order must see what is older.

-- Gives these rows, which are locked, a lease (transitions `claim` and `lose`).
CREATE FUNCTION @.pulp_take(p_keys tid[], p_now float8, p_lease float8, p_token text)
RETURNS TABLE (id text, n integer, event_type text, "time" float8, source text, report bytea, listener_id text,
               target text, state text, attempts integer, ready_at float8, finished float8, detail text, lease text,
               forgiven integer)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO @.pulp_attempt AS a (event_seq, n, number, started, duration, outcome, detail, retry_at)
    SELECT d.event_seq, d.n, d.attempts, d.ready_at, 0, 'lost',
           'no result before the lease ended: the process that made this attempt stopped or was cut off', p_now
    FROM @.pulp_delivery d WHERE d.ctid = ANY (p_keys) AND d.lease IS NOT NULL
    ON CONFLICT ON CONSTRAINT pulp_attempt_pkey DO UPDATE SET started = EXCLUDED.started, duration = 0,
        outcome = 'lost', detail = EXCLUDED.detail, retry_at = EXCLUDED.retry_at;
    RETURN QUERY WITH taken AS (
        UPDATE @.pulp_delivery d SET lease = p_token, ready_at = p_now + p_lease, attempts = d.attempts + 1
        WHERE d.ctid = ANY (p_keys)
        RETURNING d.event_seq, d.n, d.listener_id, d.target, d.attempts, d.ready_at, d.forgiven)
    SELECT e.id, t.n, e.event_type, e.time, e.source, e.report, t.listener_id, t.target, 'pending'::text, t.attempts,
           t.ready_at, NULL::float8, ''::text, p_token, t.forgiven
    FROM taken t JOIN @.pulp_event e ON e.seq = t.event_seq ORDER BY t.listener_id, t.event_seq, t.n;
END $$;

-- Those of one listener that are pending, of the deliveries with these events and numbers.
CREATE FUNCTION @.pulp_named(p_listener text, p_event text[], p_n integer[])
RETURNS TABLE (key tid, event_seq bigint, n integer, ready_at float8, lease text, target text, "time" float8)
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT d.ctid, d.event_seq, d.n, d.ready_at, d.lease, d.target, e.time
    FROM unnest(p_event, p_n) AS u(event, n)
    JOIN @.pulp_event e ON e.id = u.event
    -- Not "= 'pending'", which would offer the indexes of what is pending: see pulp_record.
    JOIN @.pulp_delivery d ON d.event_seq = e.seq AND d.n = u.n AND d.state <> 'delivered' AND d.state <> 'dead'
    WHERE d.listener_id = p_listener ORDER BY d.event_seq, d.n;
END $$;

-- For several listeners; p_place says of each of the deliveries which listener it is asked for of. Returns the
-- deliveries, then, without an id, a row for each listener with its wait in ready_at.
CREATE FUNCTION @.pulp_claim_named(p_ids text[], p_limits integer[], p_ordered boolean[], p_place integer[],
                                   p_event text[], p_n integer[], p_lease float8, p_token text, p_held_up float8)
RETURNS TABLE (id text, n integer, event_type text, "time" float8, source text, report bytea, listener_id text,
               target text, state text, attempts integer, ready_at float8, finished float8, detail text, lease text,
               forgiven integer)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
    v_now   float8;
    v_each  record;
    v_one   record;
    v_own   tid[];
    v_seqs  bigint[];
    v_ns    integer[];
    v_first tid[];
    v_due   tid[];
    v_lost  tid[];
    v_keys  tid[];
    v_all   tid[] := '{}';
    v_wait  float8;
    v_waits float8[] := array_fill(NULL::float8, ARRAY[cardinality(p_ids)]);
BEGIN
    PERFORM @.pulp_enter_change();
    v_now := @.pulp_now();
    FOR v_each IN
        SELECT u.* FROM unnest(p_ids, p_limits, p_ordered) WITH ORDINALITY AS u(id, most, ordered, place)
    LOOP
        v_keys := NULL;
        v_wait := NULL;
        -- One at a time for a listener, as in pulp_claim.
        IF v_each.ordered AND NOT pg_try_advisory_xact_lock(1886743664, hashtext(v_each.id)) THEN
            v_waits[v_each.place] := 0.05;
            CONTINUE;
        END IF;
        SELECT array_agg(m.key), array_agg(m.event_seq), array_agg(m.n),
               array_agg(m.key ORDER BY m.event_seq, m.n) FILTER (WHERE m.ready_at <= 0),
               array_agg(m.key ORDER BY m.ready_at, m.event_seq, m.n)
                   FILTER (WHERE m.ready_at > 0 AND m.ready_at <= v_now),
               array_agg(m.key ORDER BY m.event_seq, m.n) FILTER (WHERE m.lease IS NOT NULL AND m.ready_at <= v_now)
        INTO v_own, v_seqs, v_ns, v_first, v_due, v_lost
        FROM @.pulp_named(v_each.id,
                          ARRAY(SELECT u.event FROM unnest(p_place, p_event, p_n) AS u(place, event, n)
                                WHERE u.place = v_each.place),
                          ARRAY(SELECT u.n FROM unnest(p_place, p_event, p_n) AS u(place, event, n)
                                WHERE u.place = v_each.place)) m;
        CONTINUE WHEN v_own IS NULL;
        IF v_each.ordered THEN
            -- From the oldest on, as far as they are among those asked for. What failed or was lost comes alone; what
            -- was given back counts as never attempted.
            FOR v_one IN
                SELECT p.*, EXISTS (SELECT 1 FROM unnest(v_seqs, v_ns) AS m(seq, n)
                                    WHERE m.seq = p.event_seq AND m.n = p.n) AS ours
                FROM (
                    (SELECT d.ctid AS key, d.event_seq, d.n, d.ready_at, false AS tried FROM @.pulp_delivery d
                     WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id = v_each.id AND d.ready_at = 0
                     ORDER BY d.ready_at, d.event_seq, d.n LIMIT v_each.most)
                    UNION ALL
                    (SELECT d.ctid, d.event_seq, d.n, d.ready_at, d.ready_at > v_now OR d.attempts > d.forgiven
                     FROM @.pulp_delivery d
                     WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id = v_each.id AND d.ready_at > 0
                     ORDER BY d.event_seq, d.n LIMIT v_each.most)
                    UNION ALL
                    (SELECT d.ctid, d.event_seq, d.n, d.ready_at, true FROM @.pulp_delivery d
                     WHERE d.state = 'pending' AND d.lease IS NOT NULL AND d.listener_id = v_each.id
                     ORDER BY d.event_seq, d.n LIMIT v_each.most)) p
                ORDER BY p.event_seq, p.n LIMIT v_each.most
            LOOP
                IF NOT v_one.ours THEN
                    v_wait := greatest(p_held_up, v_one.ready_at - v_now);
                    EXIT;
                END IF;
                IF NOT v_one.tried THEN
                    v_keys := v_keys || v_one.key;
                    CONTINUE;
                END IF;
                v_wait := greatest(0, v_one.ready_at - v_now);
                IF v_keys IS NULL AND v_one.ready_at <= v_now THEN
                    v_keys := ARRAY[v_one.key];
                END IF;
                EXIT;
            END LOOP;
            -- Asked again under the lock: a result may just be coming in.
            SELECT array_agg(k.ctid) INTO v_keys FROM (
                SELECT d.ctid FROM @.pulp_delivery d
                WHERE d.ctid = ANY (v_keys) AND d.state = 'pending' AND d.ready_at <= v_now FOR UPDATE) k;
            v_waits[v_each.place] := CASE WHEN v_keys IS NOT NULL THEN p_lease ELSE coalesce(v_wait, 0.05) END;
        ELSE
            v_keys := coalesce(v_lost[1:1],
                (v_due[1:greatest(v_each.most / 2, 1, v_each.most - coalesce(cardinality(v_first), 0))]
                 || v_first)[1:v_each.most]);
            SELECT array_agg(k.ctid) INTO v_keys FROM (
                SELECT d.ctid FROM @.pulp_delivery d
                WHERE d.ctid = ANY (v_keys) AND d.state = 'pending' AND d.ready_at <= v_now
                FOR UPDATE SKIP LOCKED) k;
            SELECT min(greatest(0, d.ready_at - v_now)) INTO v_wait FROM @.pulp_delivery d
            WHERE d.ctid = ANY (v_own) AND NOT d.ctid = ANY (coalesce(v_keys, '{}')) AND d.state = 'pending';
            v_waits[v_each.place] := least(v_wait, CASE WHEN v_keys IS NOT NULL THEN p_lease END);
        END IF;
        v_all := v_all || v_keys;
    END LOOP;
    IF cardinality(v_all) > 0 THEN
        RETURN QUERY SELECT * FROM @.pulp_take(v_all, v_now, p_lease, p_token);
    END IF;
    RETURN QUERY SELECT NULL::text, NULL::integer, NULL::text, NULL::float8, NULL::text, NULL::bytea, u.id, NULL::text,
        NULL::text, NULL::integer, u.wait, NULL::float8, NULL::text, NULL::text, NULL::integer
    FROM unnest(p_ids, v_waits) AS u(id, wait);
END $$;

-- Takes what leaves together and has one of these deliveries in it; returns what pulp_claim_window does.
CREATE FUNCTION @.pulp_claim_window_named(p_listener text, p_window float8, p_event text[], p_n integer[],
    p_lease float8, p_token text, p_ordered boolean, p_held_up float8, p_settle float8, p_disorder float8,
    p_count integer, p_bytes bigint)
RETURNS TABLE (id text, n integer, event_type text, "time" float8, source text, report bytea, listener_id text,
               target text, state text, attempts integer, ready_at float8, finished float8, detail text, lease text,
               forgiven integer)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
    v_now    float8;
    v_one    record;
    v_row    record;
    v_keys   tid[] := '{}';
    v_size   bigint := 0;
    v_number float8;
    v_left   float8;
    v_wait   float8;
    v_seq    bigint;
    v_n      integer;
    v_many   integer;
BEGIN
    PERFORM @.pulp_enter_change();
    -- One at a time for a listener, as in pulp_claim_window.
    PERFORM pg_advisory_xact_lock(1886743664, hashtext(p_listener));
    v_now := @.pulp_now();
    FOR v_one IN SELECT m.* FROM @.pulp_named(p_listener, p_event, p_n) m ORDER BY m.event_seq, m.n LOOP
        IF v_one.ready_at > v_now THEN
            v_wait := least(v_wait, v_one.ready_at - v_now);
            CONTINUE;
        ELSIF v_one.lease IS NOT NULL THEN
            SELECT array_agg(d.ctid) INTO v_keys FROM @.pulp_delivery d
            WHERE d.state = 'pending' AND d.lease IS NOT NULL AND d.listener_id = p_listener
              AND d.ready_at <= v_now AND d.target = v_one.target AND d.lease = v_one.lease;
            EXIT;
        ELSIF v_one.ready_at > 0 THEN
            SELECT array_agg(d.ctid) INTO v_keys FROM @.pulp_delivery d
            WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id = p_listener
              AND d.ready_at = v_one.ready_at AND d.target = v_one.target;
            EXIT;
        END IF;
        v_left := (floor(v_one.time / p_window) + 1) * p_window + p_settle - v_now;
        IF v_left > 0 AND v_left <= p_window + p_settle + p_disorder THEN
            v_wait := least(v_wait, v_left);
            CONTINUE;
        END IF;
        -- From this one on, then backwards, no further than its window is.
        v_number := floor(v_one.time / p_window);
        FOR v_row IN
            SELECT d.ctid AS key, d.target, e.time, octet_length(e.report) AS length
            FROM @.pulp_delivery d JOIN @.pulp_event e ON e.seq = d.event_seq
            WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id = p_listener
              AND (d.ready_at, d.event_seq, d.n) >= (0::float8, v_one.event_seq, v_one.n) AND d.ready_at <= 0
            ORDER BY d.ready_at, d.event_seq, d.n
        LOOP
            EXIT WHEN cardinality(v_keys) > 0 AND (v_row.time > (v_number + 1) * p_window + p_disorder
                OR cardinality(v_keys) >= p_count OR v_size + v_row.length > p_bytes);
            IF v_row.target = v_one.target AND floor(v_row.time / p_window) = v_number THEN
                v_keys := v_keys || v_row.key;
                v_size := v_size + v_row.length;
            END IF;
        END LOOP;
        FOR v_row IN
            SELECT d.ctid AS key, d.target, e.time, octet_length(e.report) AS length
            FROM @.pulp_delivery d JOIN @.pulp_event e ON e.seq = d.event_seq
            WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id = p_listener
              AND (d.ready_at, d.event_seq, d.n) < (0::float8, v_one.event_seq, v_one.n) AND d.ready_at >= 0
            ORDER BY d.ready_at DESC, d.event_seq DESC, d.n DESC
        LOOP
            EXIT WHEN v_row.time < v_number * p_window - p_disorder OR cardinality(v_keys) >= p_count
                OR v_size + v_row.length > p_bytes;
            IF v_row.target = v_one.target AND floor(v_row.time / p_window) = v_number THEN
                v_keys := v_keys || v_row.key;
                v_size := v_size + v_row.length;
            END IF;
        END LOOP;
        EXIT;
    END LOOP;
    IF p_ordered AND cardinality(v_keys) > 0 THEN
        SELECT d.event_seq, d.n INTO v_seq, v_n FROM @.pulp_delivery d WHERE d.ctid = ANY (v_keys)
        ORDER BY d.event_seq, d.n LIMIT 1;
        SELECT greatest(p_held_up, o.ready_at - v_now) INTO v_left FROM (
            SELECT d.ready_at, d.event_seq, d.n FROM @.pulp_delivery d
            WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id = p_listener
            UNION ALL
            SELECT d.ready_at, d.event_seq, d.n FROM @.pulp_delivery d
            WHERE d.state = 'pending' AND d.lease IS NOT NULL AND d.listener_id = p_listener) o
        WHERE (o.event_seq, o.n) < (v_seq, v_n) LIMIT 1;
        IF FOUND THEN
            v_keys := '{}';
            v_wait := v_left;
        END IF;
    END IF;
    -- All or nothing, as in pulp_claim_window.
    IF cardinality(v_keys) > 0 THEN
        v_many := cardinality(v_keys);
        SELECT array_agg(k.ctid) INTO v_keys FROM (
            SELECT d.ctid FROM @.pulp_delivery d
            WHERE d.ctid = ANY (v_keys) AND d.state = 'pending' AND d.ready_at <= v_now FOR UPDATE SKIP LOCKED) k;
        IF cardinality(v_keys) = v_many THEN
            RETURN QUERY SELECT * FROM @.pulp_take(v_keys, v_now, p_lease, p_token);
            RETURN;
        END IF;
        v_wait := 0.05;
    END IF;
    IF v_wait IS NOT NULL THEN
        RETURN QUERY SELECT NULL::text, NULL::integer, NULL::text, NULL::float8, NULL::text, NULL::bytea, NULL::text,
            NULL::text, NULL::text, NULL::integer, v_wait, NULL::float8, NULL::text, NULL::text, NULL::integer;
    END IF;
END $$;
