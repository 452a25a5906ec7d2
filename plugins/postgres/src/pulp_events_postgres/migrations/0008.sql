-- What expires, and what has a rate.

-- From this moment on a pending delivery is not attempted any more. By far the most have none.
ALTER TABLE @.pulp_delivery ADD COLUMN expires float8;
CREATE INDEX pulp_delivery_expires ON @.pulp_delivery (expires) WHERE state = 'pending' AND expires IS NOT NULL;

-- A listener's bucket of tokens: see pulp_events.outbox.rate; `seconds` is what one attempt took. As of a listener's
-- health, a row with the next number takes the place of the one before.
CREATE TABLE @.pulp_rate (
    listener_id text NOT NULL,
    version     bigint NOT NULL,
    spent_until float8 NOT NULL,
    seconds     float8 NOT NULL,
    together    boolean NOT NULL,
    PRIMARY KEY (listener_id, version)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

-- Lets nobody else take of these buckets until the transaction ends. Returns the time, and what is in those that are.
CREATE FUNCTION @.pulp_buckets(p_ids text[])
RETURNS TABLE (listener_id text, version bigint, spent_until float8, seconds float8, together boolean)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
    PERFORM pg_advisory_xact_lock(1886743667, each.key)
    FROM (SELECT DISTINCT hashtext(name) AS key FROM unnest(p_ids) AS them(name) ORDER BY 1) AS each;
    RETURN QUERY SELECT NULL::text, NULL::bigint, @.pulp_now(), NULL::float8, NULL::boolean;
    -- A statement of its own: it sees what was committed before the lock was had.
    RETURN QUERY SELECT r.* FROM unnest(p_ids) AS u(id)
    CROSS JOIN LATERAL (
        SELECT b.listener_id, b.version, b.spent_until, b.seconds, b.together FROM @.pulp_rate b
        WHERE b.listener_id = u.id ORDER BY b.listener_id DESC, b.version DESC LIMIT 1) r;
END $$;

-- Puts these in the place of those of the versions before. For whoever holds the buckets.
CREATE FUNCTION @.pulp_spend(p_ids text[], p_versions bigint[], p_until float8[], p_seconds float8[],
                             p_together boolean[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
BEGIN
    DELETE FROM @.pulp_rate r USING unnest(p_ids, p_versions) AS u(id, version)
    WHERE r.listener_id = u.id AND r.version = u.version;
    INSERT INTO @.pulp_rate (listener_id, version, spent_until, seconds, together)
    SELECT u.id, u.version + 1, u.until, u.seconds, u.together
    FROM unnest(p_ids, p_versions, p_until, p_seconds, p_together) AS u(id, version, until, seconds, together);
END $$;

-- Gives back the tokens of so many deliveries of each listener that were not attempted; of what leaves together one in
-- all, if p_whole, and else none.
CREATE FUNCTION @.pulp_give_back(p_ids text[], p_counts integer[], p_whole boolean) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_each record;
BEGIN
    FOR v_each IN SELECT b.*, u.count FROM @.pulp_buckets(p_ids) b JOIN unnest(p_ids, p_counts) AS u(id, count)
        ON u.id = b.listener_id
    LOOP
        PERFORM @.pulp_spend(ARRAY[v_each.listener_id], ARRAY[v_each.version], ARRAY[v_each.spent_until
            - v_each.seconds * CASE WHEN v_each.together THEN p_whole::integer ELSE v_each.count END],
            ARRAY[v_each.seconds], ARRAY[v_each.together]);
    END LOOP;
END $$;

-- Deliveries whose lease is the one that they were claimed under are dead, unattempted.
CREATE FUNCTION @.pulp_expire(p_event text[], p_n integer[], p_lease text[], p_enters text, p_reason text) RETURNS void
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_material = off AS $$
BEGIN
    UPDATE @.pulp_delivery d SET state = p_enters, finished = @.pulp_now(), reason = p_reason, ready_at = 0,
        lease = NULL, attempts = d.attempts - 1
    FROM (
        SELECT d.event_seq, d.n FROM unnest(p_event, p_n, p_lease) AS u(event_id, n, lease)
        JOIN @.pulp_event e ON e.id = u.event_id
        JOIN @.pulp_delivery d ON d.event_seq = e.seq AND d.n = u.n AND d.lease = u.lease
            AND d.state || '' = 'pending'
        ORDER BY d.event_seq, d.n FOR UPDATE OF d SKIP LOCKED
    ) held
    WHERE d.event_seq = held.event_seq AND d.n = held.n;
END $$;

-- What has expired is dead, whoever may claim it, at most p_most; not what somebody is attempting. Returns how many.
CREATE FUNCTION @.pulp_expire_some(p_enters text, p_reason text, p_most integer) RETURNS integer
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_material = off AS $$
DECLARE
    v_now  float8 := @.pulp_now();
    v_keys tid[];
BEGIN
    SELECT array_agg(k.ctid) INTO v_keys FROM (
        SELECT d.ctid FROM @.pulp_delivery d
        WHERE d.state = 'pending' AND d.expires IS NOT NULL AND d.expires <= v_now
          AND (d.lease IS NULL OR d.ready_at <= v_now)
        ORDER BY d.expires LIMIT p_most FOR UPDATE SKIP LOCKED) k;
    UPDATE @.pulp_delivery d SET state = p_enters, finished = v_now, reason = p_reason, ready_at = 0, lease = NULL
    WHERE d.ctid = ANY (v_keys);
    RETURN coalesce(cardinality(v_keys), 0);
END $$;

-- As they were; but a delivery, which has not finished, has in `finished` of the answer when it expires. Those that had
-- expired already the caller hands to pulp_expire.
CREATE OR REPLACE FUNCTION @.pulp_take(p_keys tid[], p_now float8, p_lease float8, p_token text)
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
        RETURNING d.event_seq, d.n, d.listener_id, d.target, d.attempts, d.ready_at, d.forgiven, d.expires)
    SELECT e.id, t.n, e.event_type, e.time, e.source, e.report, t.listener_id, t.target, 'pending'::text, t.attempts,
           t.ready_at, t.expires, ''::text, p_token, t.forgiven
    FROM taken t JOIN @.pulp_event e ON e.seq = t.event_seq ORDER BY t.listener_id, t.event_seq, t.n;
END $$;

CREATE OR REPLACE FUNCTION @.pulp_claim(p_ids text[], p_limits integer[], p_ordered boolean[], p_first bigint[],
    p_due float8[], p_leased float8[], p_lease float8, p_token text, p_look boolean)
RETURNS TABLE (id text, n integer, event_type text, "time" float8, source text, report bytea, listener_id text,
               target text, state text, attempts integer, ready_at float8, finished float8, detail text, lease text,
               forgiven integer, first bigint, leased_at float8, wait float8, look bigint[])
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    v_now   float8;
    v_look  record;
    v_keys  tid[];
    v_more  tid[];
    v_lost  tid[];
    v_alone text[];
    v_each  record;
    v_old   record;
    v_waits float8[] := array_fill(NULL::float8, ARRAY[cardinality(p_ids)]);
BEGIN
    PERFORM @.pulp_enter_change();
    IF p_look THEN
        v_look := @.pulp_look();
        RETURN QUERY SELECT NULL::text, NULL::integer, NULL::text, v_look.moment, NULL::text, NULL::bytea, NULL::text,
            NULL::text, NULL::text, NULL::integer, NULL::float8, NULL::float8, NULL::text, NULL::text, NULL::integer,
            NULL::bigint, NULL::float8, NULL::float8, v_look.look;
    END IF;
    v_now := @.pulp_now();
    -- What was lost comes alone: what killed a process once takes nothing with it the next time.
    SELECT array_agg(k.ctid), array_agg(u.id) INTO v_lost, v_alone
    FROM unnest(p_ids, p_ordered, p_leased) AS u(id, ordered, leased)
    CROSS JOIN LATERAL (
        SELECT d.ctid FROM @.pulp_delivery d
        WHERE d.state = 'pending' AND d.lease IS NOT NULL AND d.listener_id = u.id AND d.ready_at >= u.leased
          AND d.ready_at <= v_now
        ORDER BY d.ready_at, d.event_seq, d.n LIMIT 1 FOR UPDATE SKIP LOCKED) k
    WHERE NOT u.ordered;
    WITH wanted AS MATERIALIZED (
        SELECT u.*, greatest(1, u.most / 2) AS half
        FROM unnest(p_ids, p_limits, p_ordered, p_first, p_due) AS u(id, most, ordered, first, due)
        WHERE NOT u.ordered AND NOT u.id = ANY (coalesce(v_alone, '{}'))
    ), late AS MATERIALIZED (
        SELECT w.id, k.ctid AS key, row_number() OVER (PARTITION BY w.id ORDER BY k.ready_at, k.event_seq, k.n) AS place
        FROM wanted w CROSS JOIN LATERAL (
            SELECT d.ctid, d.ready_at, d.event_seq, d.n FROM @.pulp_delivery d
            WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id = w.id AND d.ready_at > 0
              AND d.ready_at >= w.due AND d.ready_at <= v_now
            ORDER BY d.ready_at, d.event_seq, d.n LIMIT w.most FOR UPDATE SKIP LOCKED) k
    ), fresh AS MATERIALIZED (
        SELECT w.id, k.ctid AS key, row_number() OVER (PARTITION BY w.id ORDER BY k.event_seq, k.n) AS place
        FROM wanted w CROSS JOIN LATERAL (
            SELECT d.ctid, d.event_seq, d.n FROM @.pulp_delivery d
            WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id = w.id
              AND (d.ready_at, d.event_seq) >= (0::float8, w.first) AND d.ready_at <= 0
            ORDER BY d.ready_at, d.event_seq, d.n LIMIT w.most FOR UPDATE SKIP LOCKED) k
    ), shares AS MATERIALIZED (
        SELECT w.id, w.most, least(coalesce(l.count, 0), greatest(w.half, w.most - coalesce(f.count, 0))) AS late
        FROM wanted w LEFT JOIN (SELECT late.id, count(*) FROM late GROUP BY late.id) l ON l.id = w.id
        LEFT JOIN (SELECT fresh.id, count(*) FROM fresh GROUP BY fresh.id) f ON f.id = w.id
        WHERE l.count > 0  -- by far the most have none
    )
    SELECT array_agg(chosen.key) INTO v_keys FROM (
        SELECT late.key FROM late JOIN shares ON shares.id = late.id WHERE late.place <= shares.late
        UNION ALL
        SELECT fresh.key FROM fresh LEFT JOIN shares ON shares.id = fresh.id
        WHERE shares.id IS NULL OR fresh.place <= shares.most - shares.late) chosen;
    v_keys := v_keys || v_lost;
    FOR v_each IN
        SELECT u.* FROM unnest(p_ids, p_limits, p_ordered, p_first, p_due, p_leased) WITH ORDINALITY
            AS u(id, most, ordered, first, due, leased, place) WHERE u.ordered
    LOOP
        -- One at a time for a listener: who skipped what another is just taking would overtake it.
        CONTINUE WHEN NOT pg_try_advisory_xact_lock(1886743664, hashtext(v_each.id));
        -- The oldest that is leased, waits for its retry, or failed before.
        SELECT o.* INTO v_old FROM (
            SELECT d.ctid AS key, d.event_seq, d.n, d.ready_at FROM @.pulp_delivery d
            WHERE d.state = 'pending' AND d.lease IS NOT NULL AND d.listener_id = v_each.id
              AND d.ready_at >= v_each.leased
            UNION ALL
            SELECT d.ctid, d.event_seq, d.n, d.ready_at FROM @.pulp_delivery d
            WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id = v_each.id AND d.ready_at > 0
              AND d.ready_at >= v_each.due AND (d.ready_at > v_now OR d.attempts > d.forgiven)) o
        ORDER BY o.event_seq, o.n LIMIT 1;
        -- All that is older and was never attempted, or was given back.
        SELECT array_agg(c.key) INTO v_more FROM (
            SELECT free.key FROM (
                (SELECT d.ctid AS key, d.event_seq, d.n FROM @.pulp_delivery d
                 WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id = v_each.id
                   AND (d.ready_at, d.event_seq) >= (0::float8, v_each.first) AND d.ready_at <= 0
                 ORDER BY d.ready_at, d.event_seq, d.n LIMIT v_each.most)
                UNION ALL
                SELECT d.ctid, d.event_seq, d.n FROM @.pulp_delivery d
                WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id = v_each.id AND d.ready_at > 0
                  AND d.ready_at >= v_each.due AND d.ready_at <= v_now AND d.attempts <= d.forgiven) free
            WHERE v_old.event_seq IS NULL OR (free.event_seq, free.n) < (v_old.event_seq, v_old.n)
            ORDER BY free.event_seq, free.n LIMIT v_each.most) c;
        IF v_more IS NULL AND v_old.ready_at <= v_now THEN
            v_more := ARRAY[v_old.key];
        END IF;
        -- Asked again under the lock: a result may just be coming in.
        SELECT array_agg(k.ctid) INTO v_more FROM (
            SELECT d.ctid FROM @.pulp_delivery d
            WHERE d.ctid = ANY (v_more) AND d.state = 'pending' AND d.ready_at <= v_now FOR UPDATE) k;
        v_keys := v_keys || v_more;
        v_waits[v_each.place] := CASE WHEN v_more IS NOT NULL THEN p_lease
            WHEN v_old.event_seq IS NOT NULL THEN greatest(0, v_old.ready_at - v_now) END;
    END LOOP;
    IF cardinality(v_keys) > 0 THEN
        INSERT INTO @.pulp_attempt AS a (event_seq, n, number, started, duration, outcome, detail, retry_at)
        SELECT d.event_seq, d.n, d.attempts, d.ready_at, 0, 'lost',
               'no result before the lease ended: the process that made this attempt stopped or was cut off', v_now
        FROM @.pulp_delivery d WHERE d.ctid = ANY (v_keys) AND d.lease IS NOT NULL
        ON CONFLICT ON CONSTRAINT pulp_attempt_pkey DO UPDATE SET started = EXCLUDED.started, duration = 0,
            outcome = 'lost', detail = EXCLUDED.detail, retry_at = EXCLUDED.retry_at;
        RETURN QUERY WITH taken AS (
            UPDATE @.pulp_delivery d SET lease = p_token, ready_at = v_now + p_lease, attempts = d.attempts + 1
            WHERE d.ctid = ANY (v_keys)
            RETURNING d.event_seq, d.n, d.listener_id, d.target, d.attempts, d.ready_at, d.forgiven, d.expires)
        SELECT e.id, t.n, e.event_type, e.time, e.source, e.report, t.listener_id, t.target, 'pending'::text,
               t.attempts, t.ready_at, t.expires, ''::text, p_token, t.forgiven, NULL::bigint, NULL::float8,
               NULL::float8, NULL::bigint[]
        FROM taken t JOIN @.pulp_event e ON e.seq = t.event_seq ORDER BY t.listener_id, t.event_seq, t.n;
    END IF;
    RETURN QUERY SELECT NULL::text, NULL::integer, NULL::text, v_now, NULL::text, NULL::bytea, f.id, NULL::text,
        NULL::text, NULL::integer, f.due, NULL::float8, NULL::text, NULL::text, NULL::integer, f.first, f.leased,
        v_waits[array_position(p_ids, f.id)], NULL::bigint[]
    FROM @.pulp_front(p_ids, p_first, p_due, p_leased) f;
END $$;

CREATE OR REPLACE FUNCTION @.pulp_claim_window(p_listener text, p_window float8, p_first bigint, p_due float8,
    p_leased float8, p_lease float8, p_token text, p_ordered boolean, p_settle float8, p_disorder float8,
    p_count integer, p_bytes bigint)
RETURNS TABLE (id text, n integer, event_type text, "time" float8, source text, report bytea, listener_id text,
               target text, state text, attempts integer, ready_at float8, finished float8, detail text, lease text,
               forgiven integer)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
    v_now    float8;
    v_again  record;
    v_row    record;
    v_keys   tid[] := '{}';
    v_seq    bigint;
    v_n      integer;
    v_size   bigint := 0;
    v_number float8;
    v_target text;
    v_left   float8;
    v_due    float8;
    v_wait   float8;
    v_passed integer := 0;
BEGIN
    PERFORM @.pulp_enter_change();
    -- One at a time for a listener: two that claim at once would share a window.
    PERFORM pg_advisory_xact_lock(1886743664, hashtext(p_listener));
    v_now := @.pulp_now();
    -- Each branch is a statement of its own: it sees what was committed before the lock was had.
    FOR v_row IN
        SELECT d.ctid AS key, d.event_seq, d.n, d.target, e.time, octet_length(e.report) AS length
        FROM @.pulp_delivery d JOIN @.pulp_event e ON e.seq = d.event_seq
        WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id = p_listener
          AND (d.ready_at, d.event_seq) >= (0::float8, p_first) AND d.ready_at <= 0
        ORDER BY d.ready_at, d.event_seq, d.n
    LOOP
        IF v_seq IS NULL THEN
            v_left := (floor(v_row.time / p_window) + 1) * p_window + p_settle - v_now;
            IF v_left > 0 AND v_left <= p_window + p_settle + p_disorder THEN
                v_due := least(v_due, v_now + v_left);
                v_passed := v_passed + 1;
                EXIT WHEN v_passed >= 100;
                CONTINUE;
            END IF;
            v_seq := v_row.event_seq;
            v_n := v_row.n;
            v_number := floor(v_row.time / p_window);
            v_target := v_row.target;
        ELSIF v_row.time > (v_number + 1) * p_window + p_disorder OR cardinality(v_keys) >= p_count
              OR v_size + v_row.length > p_bytes THEN
            EXIT;
        END IF;
        IF v_row.target = v_target AND floor(v_row.time / p_window) = v_number THEN
            v_keys := v_keys || v_row.key;
            v_size := v_size + v_row.length;
        END IF;
    END LOOP;
    SELECT o.* INTO v_again FROM (
        SELECT d.ready_at, d.target, d.lease, d.event_seq, d.n FROM @.pulp_delivery d
        WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id = p_listener AND d.ready_at > 0
          AND d.ready_at >= p_due AND (p_ordered OR d.ready_at <= v_now)
        UNION ALL
        SELECT d.ready_at, d.target, d.lease, d.event_seq, d.n FROM @.pulp_delivery d
        WHERE d.state = 'pending' AND d.lease IS NOT NULL AND d.listener_id = p_listener
          AND d.ready_at >= p_leased AND (p_ordered OR d.ready_at <= v_now)) o
    ORDER BY CASE WHEN p_ordered THEN 0 ELSE o.ready_at END, o.event_seq, o.n LIMIT 1;
    IF FOUND AND NOT (p_ordered AND v_seq IS NOT NULL AND (v_seq, v_n) < (v_again.event_seq, v_again.n)) THEN
        IF v_again.ready_at > v_now THEN
            v_keys := NULL;
            v_wait := v_again.ready_at - v_now;
        ELSIF v_again.lease IS NULL THEN
            SELECT array_agg(d.ctid) INTO v_keys FROM @.pulp_delivery d
            WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id = p_listener
              AND d.ready_at = v_again.ready_at AND d.target = v_again.target;
        ELSE
            SELECT array_agg(d.ctid) INTO v_keys FROM @.pulp_delivery d
            WHERE d.state = 'pending' AND d.lease IS NOT NULL AND d.listener_id = p_listener
              AND d.ready_at >= p_leased AND d.ready_at <= v_now AND d.target = v_again.target
              AND d.lease = v_again.lease;
        END IF;
    END IF;
    IF v_keys IS NULL OR cardinality(v_keys) = 0 THEN
        IF v_wait IS NULL THEN
            SELECT least(v_due, f.due, f.leased) - v_now INTO v_wait
            FROM @.pulp_front(ARRAY[p_listener], ARRAY[p_first], ARRAY[p_due], ARRAY[p_leased]) f;
        END IF;
    ELSE
        -- All or nothing: whoever held the lease may just be recording, or a row be about to go.
        v_passed := cardinality(v_keys);
        SELECT array_agg(k.ctid) INTO v_keys FROM (
            SELECT d.ctid FROM @.pulp_delivery d WHERE d.ctid = ANY (v_keys) AND d.state = 'pending'
              AND (d.ready_at = 0 OR d.ready_at <= v_now) FOR UPDATE SKIP LOCKED) k;
        IF coalesce(cardinality(v_keys), 0) < v_passed THEN
            v_keys := NULL;
            v_wait := 0.05;
        END IF;
    END IF;
    IF v_keys IS NULL OR cardinality(v_keys) = 0 THEN
        IF v_wait IS NOT NULL THEN
            RETURN QUERY SELECT NULL::text, NULL::integer, NULL::text, NULL::float8, NULL::text, NULL::bytea,
                NULL::text, NULL::text, NULL::text, NULL::integer, greatest(0, v_wait), NULL::float8, NULL::text,
                NULL::text, NULL::integer;
        END IF;
        RETURN;
    END IF;
    INSERT INTO @.pulp_attempt AS a (event_seq, n, number, started, duration, outcome, detail, retry_at)
    SELECT d.event_seq, d.n, d.attempts, d.ready_at, 0, 'lost',
           'no result before the lease ended: the process that made this attempt stopped or was cut off', v_now
    FROM @.pulp_delivery d WHERE d.ctid = ANY (v_keys) AND d.lease IS NOT NULL
    ON CONFLICT ON CONSTRAINT pulp_attempt_pkey DO UPDATE SET started = EXCLUDED.started, duration = 0,
        outcome = 'lost', detail = EXCLUDED.detail, retry_at = EXCLUDED.retry_at;
    RETURN QUERY WITH taken AS (
        UPDATE @.pulp_delivery d SET lease = p_token, ready_at = v_now + p_lease, attempts = d.attempts + 1
        WHERE d.ctid = ANY (v_keys)
        RETURNING d.event_seq, d.n, d.listener_id, d.target, d.attempts, d.ready_at, d.forgiven, d.expires)
    SELECT e.id, t.n, e.event_type, e.time, e.source, e.report, t.listener_id, t.target, 'pending'::text, t.attempts,
           t.ready_at, t.expires, ''::text, p_token, t.forgiven
    FROM taken t JOIN @.pulp_event e ON e.seq = t.event_seq ORDER BY t.event_seq, t.n;
END $$;
