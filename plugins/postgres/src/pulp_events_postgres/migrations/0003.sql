-- Claims stay as quick as they are while another session holds a snapshot for hours. Nothing that was changed since can
-- be vacuumed then, so that whoever looks for the first row of an index passes over all that was there before it. Four
-- things keep every look short:
--
-- * What is leased is in an index of its own, so that the index of what may be claimed has only that, and what was.
-- * A process remembers, for each listener, up to where there is nothing to find any more, and begins there (marks.py).
--   That is safe up to what is settled: no transaction that is still under way can add anything below. So each
--   transaction that makes something pending first takes a shared advisory lock, by a number that counts up, and
--   pulp_look tells which numbers are held. Nobody ever waits for these locks.
-- * Who has something pending is known from what was stored since the last look, and not from the whole index.
-- * A listener's health is not updated: a row with the next number takes the place of the one before. The newest is
--   found first; of a row that is updated a thousand times, all thousand versions are passed over.

CREATE SEQUENCE @.pulp_tick;
-- Counts what makes rows pending below the marks: retries by hand, copies.
CREATE SEQUENCE @.pulp_upheaval;

CREATE INDEX pulp_delivery_ready ON @.pulp_delivery (listener_id, ready_at, event_seq, n)
    WHERE state = 'pending' AND lease IS NULL;
CREATE INDEX pulp_delivery_leased ON @.pulp_delivery (listener_id, ready_at, event_seq, n)
    WHERE state = 'pending' AND lease IS NOT NULL;
DROP INDEX @.pulp_delivery_pending;

ALTER TABLE @.pulp_listener_health ADD COLUMN version bigint NOT NULL DEFAULT 0;
ALTER TABLE @.pulp_listener_health DROP CONSTRAINT pulp_listener_health_pkey;
ALTER TABLE @.pulp_listener_health ADD PRIMARY KEY (listener_id, version);

DROP FUNCTION @.pulp_claim(text, integer, float8, text, boolean);
DROP FUNCTION @.pulp_claim_window(text, float8, float8, text, boolean, float8, float8, integer, bigint);
DROP FUNCTION @.pulp_record(text[], integer[], text[], text[], float8[], integer[], float8[], float8[], text[], text[],
                            text[], boolean[], integer[], text[]);

-- To be called before a transaction draws the number of an event.
CREATE FUNCTION @.pulp_enter_emit() RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT pg_advisory_xact_lock_shared((@(pulp_event)::oid::int8 % 2147483647)::int4,
                                        (nextval(@(pulp_tick)) % 2147483647)::int4) IS NOT NULL
$$;
-- The same, once in a transaction of the application, which may emit very often.
CREATE FUNCTION @.pulp_enter_once() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_name text := 'pulp_events.entered_' || @(pulp_event)::oid::text;
BEGIN
    IF coalesce(current_setting(v_name, true), '') = '' THEN
        PERFORM @.pulp_enter_emit(), set_config(v_name, '1', true);
    END IF;
    RETURN true;
END $$;
-- Before one reads the clock to give a lease or a time of retry.
CREATE FUNCTION @.pulp_enter_change() RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT pg_advisory_xact_lock_shared((@(pulp_delivery)::oid::int8 % 2147483647)::int4,
                                        (nextval(@(pulp_tick)) % 2147483647)::int4) IS NOT NULL
           AND set_config('synchronous_commit', 'off', true) IS NOT NULL
$$;

-- The time, and which numbers were drawn so far (of events, of transactions, of upheavals), how many transactions that
-- emit are under way, their numbers, and those of the others. The order in which this is read matters: see marks.py.
CREATE FUNCTION @.pulp_look(OUT moment float8, OUT look bigint[])
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_seq      bigint;
    v_tick     bigint;
    v_upheaval bigint;
    v_emitting bigint[];
    v_changing bigint[];
BEGIN
    SELECT CASE WHEN s.is_called THEN s.last_value ELSE 0 END INTO v_seq FROM @.pulp_event_seq_seq s;
    moment := @.pulp_now();
    SELECT CASE WHEN s.is_called THEN s.last_value ELSE 0 END INTO v_tick FROM @.pulp_tick s;
    -- A number above v_tick belongs to a transaction that began after it was read.
    SELECT coalesce(array_agg(v_tick - l.age) FILTER (WHERE l.emits), '{}'),
           coalesce(array_agg(v_tick - l.age) FILTER (WHERE NOT l.emits), '{}')
    INTO v_emitting, v_changing FROM (
        SELECT a.classid::int8 = @(pulp_event)::oid::int8 % 2147483647 AS emits,
               (v_tick % 2147483647 - a.objid::int8 + 2147483647) % 2147483647 AS age
        FROM pg_locks a
        WHERE a.locktype = 'advisory' AND a.objsubid = 2 AND a.mode = 'ShareLock' AND a.granted
          AND a.pid <> pg_backend_pid()
          AND a.database = (SELECT b.oid FROM pg_database b WHERE b.datname = current_database())
          AND a.classid::int8 IN (@(pulp_event)::oid::int8 % 2147483647, @(pulp_delivery)::oid::int8 % 2147483647)) l
    WHERE l.age < 1073741824;
    -- Nor what a server knew that crashed: claims and results of its last moments are undone.
    SELECT CASE WHEN s.is_called THEN s.last_value ELSE 0 END
           + (extract(epoch FROM pg_postmaster_start_time())::float8 * 1000000)::int8
    INTO v_upheaval FROM @.pulp_upheaval s;
    look := ARRAY[v_seq, v_tick, v_upheaval, cardinality(v_emitting)] || v_emitting || v_changing;
END $$;

-- Of each listener: the first event that was never attempted, and when the first retry is due and the first lease ends;
-- p_first, p_due and p_leased say below which of them there is nothing.
CREATE FUNCTION @.pulp_front(p_ids text[], p_first bigint[], p_due float8[], p_leased float8[])
RETURNS TABLE (id text, first bigint, due float8, leased float8)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    RETURN QUERY SELECT u.id, f.event_seq, l.ready_at, t.ready_at
    FROM unnest(p_ids, p_first, p_due, p_leased) AS u(id, first, due, leased)
    LEFT JOIN LATERAL (
        SELECT d.event_seq FROM @.pulp_delivery d
        WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id = u.id
          AND (d.ready_at, d.event_seq) >= (0::float8, u.first) AND d.ready_at <= 0
        ORDER BY d.ready_at, d.event_seq, d.n LIMIT 1) f ON true
    LEFT JOIN LATERAL (
        SELECT d.ready_at FROM @.pulp_delivery d
        WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id = u.id AND d.ready_at > 0
          AND d.ready_at >= u.due
        ORDER BY d.ready_at, d.event_seq, d.n LIMIT 1) l ON true
    LEFT JOIN LATERAL (
        SELECT d.ready_at FROM @.pulp_delivery d
        WHERE d.state = 'pending' AND d.lease IS NOT NULL AND d.listener_id = u.id AND d.ready_at >= u.leased
        ORDER BY d.ready_at, d.event_seq, d.n LIMIT 1) t ON true;
END $$;

-- The front of the listeners that are known to have something pending, and of those that had events stored with higher
-- numbers than p_tail; without it, of all that have anything. The first row is pulp_look's.
CREATE FUNCTION @.pulp_ready(p_ids text[], p_first bigint[], p_due float8[], p_leased float8[], p_tail bigint,
                             p_due_of_others float8, p_leased_of_others float8)
RETURNS TABLE (id text, first bigint, due float8, leased float8, look bigint[])
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
    v_look record;
    v_new  text[];
BEGIN
    v_look := @.pulp_look();
    RETURN QUERY SELECT NULL::text, NULL::bigint, v_look.moment, NULL::float8, v_look.look;
    IF p_tail IS NOT NULL THEN
        RETURN QUERY SELECT f.*, NULL::bigint[] FROM @.pulp_front(p_ids, p_first, p_due, p_leased) f;
        SELECT array_agg(DISTINCT d.listener_id) INTO v_new FROM @.pulp_delivery d
        WHERE d.event_seq > p_tail AND d.state <> 'delivered' AND d.state <> 'dead';
        SELECT array_agg(each) INTO v_new FROM (SELECT unnest(v_new) EXCEPT SELECT unnest(p_ids)) AS others(each);
    ELSE
        WITH RECURSIVE waiting(each) AS (
            (SELECT d.listener_id FROM @.pulp_delivery d WHERE d.state = 'pending' AND d.lease IS NULL
             ORDER BY d.listener_id LIMIT 1)
            UNION ALL
            SELECT (SELECT d.listener_id FROM @.pulp_delivery d
                    WHERE d.state = 'pending' AND d.lease IS NULL AND d.listener_id > waiting.each
                    ORDER BY d.listener_id LIMIT 1) FROM waiting WHERE waiting.each IS NOT NULL
        ), leased(each) AS (
            (SELECT d.listener_id FROM @.pulp_delivery d WHERE d.state = 'pending' AND d.lease IS NOT NULL
             ORDER BY d.listener_id LIMIT 1)
            UNION ALL
            SELECT (SELECT d.listener_id FROM @.pulp_delivery d
                    WHERE d.state = 'pending' AND d.lease IS NOT NULL AND d.listener_id > leased.each
                    ORDER BY d.listener_id LIMIT 1) FROM leased WHERE leased.each IS NOT NULL
        )
        SELECT array_agg(each) INTO v_new FROM (SELECT each FROM waiting UNION SELECT each FROM leased) AS them
        WHERE each IS NOT NULL;
    END IF;
    IF v_new IS NOT NULL THEN
        RETURN QUERY SELECT f.*, NULL::bigint[] FROM @.pulp_front(v_new,
            array_fill(coalesce(p_tail, -9223372036854775807), ARRAY[cardinality(v_new)]),
            array_fill(p_due_of_others, ARRAY[cardinality(v_new)]),
            array_fill(p_leased_of_others, ARRAY[cardinality(v_new)])) f;
    END IF;
END $$;

-- Claims for several listeners; see Outbox.claim. Returns the deliveries, then, without an id, a row for each request
-- with the listener's front and for one in order how long it has to wait, and if p_look one of pulp_look before.
CREATE FUNCTION @.pulp_claim(p_ids text[], p_limits integer[], p_ordered boolean[], p_first bigint[], p_due float8[],
                             p_leased float8[], p_lease float8, p_token text, p_look boolean)
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
            RETURNING d.event_seq, d.n, d.listener_id, d.target, d.attempts, d.ready_at, d.forgiven)
        SELECT e.id, t.n, e.event_type, e.time, e.source, e.report, t.listener_id, t.target, 'pending'::text,
               t.attempts, t.ready_at, NULL::float8, ''::text, p_token, t.forgiven, NULL::bigint, NULL::float8,
               NULL::float8, NULL::bigint[]
        FROM taken t JOIN @.pulp_event e ON e.seq = t.event_seq ORDER BY t.listener_id, t.event_seq, t.n;
    END IF;
    RETURN QUERY SELECT NULL::text, NULL::integer, NULL::text, v_now, NULL::text, NULL::bytea, f.id, NULL::text,
        NULL::text, NULL::integer, f.due, NULL::float8, NULL::text, NULL::text, NULL::integer, f.first, f.leased,
        v_waits[array_position(p_ids, f.id)], NULL::bigint[]
    FROM @.pulp_front(p_ids, p_first, p_due, p_leased) f;
END $$;

-- Takes what leaves together: see pulp_events.outbox.window, whose constants come as parameters, and the SQLite outbox.
-- Returns no row, or the deliveries, or, with nothing but ready_at, the seconds after which there may be some.
CREATE FUNCTION @.pulp_claim_window(p_listener text, p_window float8, p_first bigint, p_due float8, p_leased float8,
    p_lease float8, p_token text, p_ordered boolean, p_settle float8, p_disorder float8, p_count integer,
    p_bytes bigint)
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
        RETURNING d.event_seq, d.n, d.listener_id, d.target, d.attempts, d.ready_at, d.forgiven)
    SELECT e.id, t.n, e.event_type, e.time, e.source, e.report, t.listener_id, t.target, 'pending'::text, t.attempts,
           t.ready_at, NULL::float8, ''::text, p_token, t.forgiven
    FROM taken t JOIN @.pulp_event e ON e.seq = t.event_seq ORDER BY t.event_seq, t.n;
END $$;

-- Returns the positions (from 1) of the results that came in time.
CREATE FUNCTION @.pulp_record(p_event text[], p_n integer[], p_lease text[], p_transition text[], p_retry_in float8[],
    p_forgiven integer[], p_number integer[], p_started float8[], p_duration float8[], p_outcome text[],
    p_detail text[], p_listener text[], p_success boolean[], p_failures integer[], p_last text[])
RETURNS SETOF bigint
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_material = off AS $$
DECLARE
    v_now     float8;
    v_changed text[];
BEGIN
    PERFORM @.pulp_enter_change();
    v_now := @.pulp_now();
    RETURN QUERY WITH r AS MATERIALIZED (
        SELECT e.seq, u.* FROM unnest(p_event, p_n, p_lease, p_transition, p_retry_in, p_forgiven, p_number, p_started,
                                      p_duration, p_outcome, p_detail) WITH ORDINALITY
            AS u(event_id, n, lease, transition, retry_in, forgiven, number, started, duration, outcome, detail,
                 position)
        JOIN @.pulp_event e ON e.id = u.event_id
    ), noted AS (
        INSERT INTO @.pulp_attempt AS a (event_seq, n, number, started, duration, outcome, detail, retry_at)
        SELECT r.seq, r.n, r.number, r.started, r.duration, r.outcome, r.detail, v_now + r.retry_in FROM r
        ON CONFLICT (event_seq, n, number) DO UPDATE SET started = EXCLUDED.started, duration = EXCLUDED.duration,
            outcome = EXCLUDED.outcome, detail = EXCLUDED.detail, retry_at = EXCLUDED.retry_at
    ), changed AS (
        UPDATE @.pulp_delivery d
        SET state = CASE r.transition WHEN 'succeed' THEN 'delivered' WHEN 'give_up' THEN 'dead' ELSE 'pending' END,
            ready_at = CASE r.transition WHEN 'postpone' THEN v_now + r.retry_in ELSE 0 END,
            finished = CASE r.transition WHEN 'postpone' THEN NULL ELSE v_now END,
            forgiven = d.forgiven + r.forgiven,
            lease = NULL
        FROM r
        -- Not "= 'pending'": while the tables are nearly empty, a plan by way of those indexes would look good.
        WHERE d.event_seq = r.seq AND d.n = r.n AND d.state <> 'delivered' AND d.state <> 'dead'
          AND (r.transition = 'succeed' OR d.lease = r.lease)
        RETURNING r.position
    )
    SELECT position FROM changed;
    -- One success more within a second, where there was no failure, changes nothing that anybody could see.
    SELECT array_agg(u.listener_id) INTO v_changed
    FROM unnest(p_listener, p_failures) AS u(listener_id, failures)
    LEFT JOIN LATERAL (
        SELECT h.failures, h.last_success FROM @.pulp_listener_health h WHERE h.listener_id = u.listener_id
        ORDER BY h.listener_id DESC, h.version DESC LIMIT 1) before ON true
    WHERE u.failures > 0 OR before.failures IS DISTINCT FROM 0
       OR before.last_success NOT BETWEEN v_now - 1 AND v_now OR before.last_success IS NULL;
    IF v_changed IS NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(1886743665, each.key)
    FROM (SELECT DISTINCT hashtext(name) AS key FROM unnest(v_changed) AS them(name) ORDER BY 1) AS each;
    WITH u AS MATERIALIZED (
        SELECT one.listener_id, CASE WHEN one.success THEN v_now END AS last_success,
               CASE WHEN one.failures > 0 THEN v_now END AS last_failure, one.failures, one.last,
               before.version, before.last_success AS succeeded, before.last_failure AS failed,
               before.failing_since AS since, before.failures AS so_far
        FROM unnest(p_listener, p_success, p_failures, p_last) AS one(listener_id, success, failures, last)
        LEFT JOIN LATERAL (
            SELECT h.* FROM @.pulp_listener_health h WHERE h.listener_id = one.listener_id
            ORDER BY h.listener_id DESC, h.version DESC LIMIT 1) before ON true
        WHERE one.listener_id = ANY (v_changed)
    ), gone AS (
        DELETE FROM @.pulp_listener_health h USING u WHERE h.listener_id = u.listener_id AND h.version = u.version
    )
    INSERT INTO @.pulp_listener_health
        (listener_id, version, last_success, last_failure, failing_since, failures, detail)
    SELECT u.listener_id, coalesce(u.version, 0) + 1, coalesce(u.last_success, u.succeeded),
           coalesce(u.last_failure, u.failed),
           CASE WHEN u.last_success IS NULL THEN coalesce(u.since, u.last_failure) ELSE u.last_failure END,
           CASE WHEN u.last_success IS NULL THEN coalesce(u.so_far, 0) + u.failures ELSE u.failures END, u.last
    FROM u;
END $$;

-- Deliveries whose lease is the one that they were claimed under are given back unattempted. They are due at once, and
-- not as if they had never been claimed: nobody looks there any more.
CREATE FUNCTION @.pulp_release(p_event text[], p_n integer[], p_lease text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_material = off AS $$
DECLARE
    v_now float8;
BEGIN
    PERFORM @.pulp_enter_change();
    v_now := @.pulp_now();
    UPDATE @.pulp_delivery d SET lease = NULL, attempts = d.attempts - 1, ready_at = v_now
    FROM (
        SELECT d.event_seq, d.n FROM unnest(p_event, p_n, p_lease) AS u(event_id, n, lease)
        JOIN @.pulp_event e ON e.id = u.event_id
        JOIN @.pulp_delivery d ON d.event_seq = e.seq AND d.n = u.n AND d.lease = u.lease
            AND d.state <> 'delivered' AND d.state <> 'dead'
        ORDER BY d.event_seq, d.n FOR UPDATE OF d SKIP LOCKED  -- what is just being recorded needs no more
    ) held
    WHERE d.event_seq = held.event_seq AND d.n = held.n;
END $$;

CREATE FUNCTION @.pulp_extend(p_event text[], p_n integer[], p_lease text[], p_for float8) RETURNS void
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_material = off AS $$
DECLARE
    v_now float8;
BEGIN
    PERFORM @.pulp_enter_change();
    v_now := @.pulp_now();
    UPDATE @.pulp_delivery d SET ready_at = v_now + p_for
    FROM (
        SELECT d.event_seq, d.n FROM unnest(p_event, p_n, p_lease) AS u(event_id, n, lease)
        JOIN @.pulp_event e ON e.id = u.event_id
        JOIN @.pulp_delivery d ON d.event_seq = e.seq AND d.n = u.n AND d.lease = u.lease
            AND d.state <> 'delivered' AND d.state <> 'dead'
        ORDER BY d.event_seq, d.n FOR UPDATE OF d SKIP LOCKED
    ) held
    WHERE d.event_seq = held.event_seq AND d.n = held.n;
END $$;
