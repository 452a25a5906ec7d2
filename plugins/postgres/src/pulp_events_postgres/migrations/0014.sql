-- Deliveries are counted as they come, change and go, so that nobody has to count them when asked, and what happens is
-- written down: see pulp_events.outbox.activity. No row is common to all who do so: each transaction adds rows to the
-- tables `…_new`, and whoever cleans sums them up (pulp_fold), one process at a time. A count is the sum of both.

CREATE TABLE @.pulp_tally (
    listener_id text NOT NULL,
    event_type  text NOT NULL,
    state       text NOT NULL,
    count       bigint NOT NULL,
    PRIMARY KEY (listener_id, event_type, state)
) WITH (fillfactor = 50);
-- Events are counted there, too: without a listener and a type, as `event`, and those without any delivery as `alone`.
CREATE TABLE @.pulp_tally_new (
    listener_id text NOT NULL,
    event_type  text NOT NULL,
    state       text NOT NULL,
    count       bigint NOT NULL
);
CREATE TABLE @.pulp_activity (
    length      integer NOT NULL,
    start       bigint NOT NULL,
    listener_id text NOT NULL,
    event_type  text NOT NULL,
    what        text NOT NULL,
    count       bigint NOT NULL,
    PRIMARY KEY (length, start, listener_id, event_type, what)
) WITH (fillfactor = 70);
CREATE TABLE @.pulp_activity_new (
    start       bigint NOT NULL,
    listener_id text NOT NULL,
    event_type  text NOT NULL,
    what        text NOT NULL,
    count       bigint NOT NULL
);
ALTER TABLE @.pulp_tally_new SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0);
ALTER TABLE @.pulp_activity_new SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0);

-- The bucket of pulp_events.outbox.histogram.
CREATE FUNCTION @.pulp_bucket(p_seconds float8) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_seconds > 0 THEN
        least(84, greatest(-53, ceil(log(2, p_seconds::numeric) * 4)))::integer ELSE -53 END
$$;

-- What was attempted so far, as far as it is still stored: in minutes, hours or days, whichever is still told of it.
INSERT INTO @.pulp_activity (length, start, listener_id, event_type, what, count)
SELECT a.length, floor(a.ended / a.length)::bigint * a.length, a.listener_id, a.event_type, w.what, count(*)
FROM (
    SELECT d.listener_id, e.event_type, t.outcome, t.duration, t.started + t.duration AS ended,
           t.started + t.duration - e.time AS delay,
           CASE WHEN @.pulp_now() - t.started - t.duration < 7260 THEN 60
                WHEN @.pulp_now() - t.started - t.duration < 262800 THEN 3600 ELSE 86400 END AS length
    FROM @.pulp_attempt t JOIN @.pulp_delivery d ON d.event_seq = t.event_seq AND d.n = t.n
    JOIN @.pulp_event e ON e.seq = t.event_seq WHERE t.started + t.duration > @.pulp_now() - 91 * 86400) a
CROSS JOIN LATERAL (
    SELECT a.outcome AS what
    UNION ALL SELECT 's' || @.pulp_bucket(a.duration) WHERE a.outcome <> 'lost'
    UNION ALL SELECT 'd' || @.pulp_bucket(a.delay) WHERE a.outcome = 'delivered') w
GROUP BY 1, 2, 3, 4, 5;

CREATE FUNCTION @.pulp_count_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO @.pulp_tally_new (listener_id, event_type, state, count)
    SELECT n.listener_id, (SELECT e.event_type FROM @.pulp_event e WHERE e.seq = n.event_seq), n.state, count(*)
    FROM new_rows n GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;
-- What is given up without an attempt has a reason; what ended with an attempt is noted with its result.
CREATE FUNCTION @.pulp_count_updated() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = on SET enable_hashjoin = on AS $$
BEGIN
    WITH moved AS MATERIALIZED (
        SELECT n.listener_id, (SELECT e.event_type FROM @.pulp_event e WHERE e.seq = n.event_seq) AS event_type,
               o.state AS was, n.state AS becomes, CASE WHEN n.finished IS NOT NULL THEN n.reason END AS reason
        FROM new_rows n JOIN old_rows o ON o.event_seq = n.event_seq AND o.n = n.n WHERE o.state <> n.state
    ), noted AS (
        INSERT INTO @.pulp_activity_new (start, listener_id, event_type, what, count)
        SELECT floor(@.pulp_now() / 60)::bigint * 60, m.listener_id, m.event_type,
               CASE WHEN coalesce(current_setting('pulp_events.way', true), '') <> ''
                    THEN current_setting('pulp_events.way', true)
                    WHEN m.reason = 'expired before it was delivered' THEN 'expire'
                    WHEN m.reason LIKE 'erased by an administrator%' THEN 'erase' ELSE 'discard' END, count(*)
        FROM moved m WHERE m.was = 'pending' AND m.reason IS NOT NULL GROUP BY 1, 2, 3, 4
    )
    INSERT INTO @.pulp_tally_new (listener_id, event_type, state, count)
    SELECT c.listener_id, c.event_type, c.state, sum(c.count) FROM (
        SELECT m.listener_id, m.event_type, m.was AS state, -1 AS count FROM moved m
        UNION ALL SELECT m.listener_id, m.event_type, m.becomes, 1 FROM moved m) c GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;
-- An event is there as long as it has deliveries.
CREATE FUNCTION @.pulp_count_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO @.pulp_tally_new (listener_id, event_type, state, count)
    SELECT o.listener_id, (SELECT e.event_type FROM @.pulp_event e WHERE e.seq = o.event_seq), o.state, -count(*)
    FROM old_rows o GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;
CREATE FUNCTION @.pulp_count_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO @.pulp_tally_new (listener_id, event_type, state, count)
        SELECT '', '', w.state, count(*) FROM new_rows n
        CROSS JOIN LATERAL (SELECT 'event' AS state UNION ALL SELECT 'alone' WHERE n.alone) w GROUP BY 3;
    ELSE
        INSERT INTO @.pulp_tally_new (listener_id, event_type, state, count)
        SELECT '', '', w.state, -count(*) FROM old_rows o
        CROSS JOIN LATERAL (SELECT 'event' AS state UNION ALL SELECT 'alone' WHERE o.alone) w GROUP BY 3;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION @.pulp_count_alone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO @.pulp_tally_new VALUES ('', '', 'alone', CASE WHEN NEW.alone THEN 1 ELSE -1 END);
    RETURN NULL;
END $$;
CREATE FUNCTION @.pulp_count_lost() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO @.pulp_activity_new (start, listener_id, event_type, what, count)
    SELECT floor(coalesce(NEW.retry_at, NEW.started) / 60)::bigint * 60, d.listener_id, e.event_type, 'lost', 1
    FROM @.pulp_delivery d JOIN @.pulp_event e ON e.seq = d.event_seq
    WHERE d.event_seq = NEW.event_seq AND d.n = NEW.n;
    RETURN NULL;
END $$;

-- Nobody writes between the counting and the triggers.
LOCK TABLE @.pulp_event, @.pulp_delivery, @.pulp_attempt IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO @.pulp_tally (listener_id, event_type, state, count)
SELECT d.listener_id, e.event_type, d.state, count(*) FROM @.pulp_delivery d JOIN @.pulp_event e ON e.seq = d.event_seq
GROUP BY 1, 2, 3
UNION ALL SELECT '', '', 'event', count(*) FROM @.pulp_event
UNION ALL SELECT '', '', 'alone', count(*) FROM @.pulp_event WHERE alone;

CREATE TRIGGER pulp_count_inserted AFTER INSERT ON @.pulp_delivery REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION @.pulp_count_inserted();
CREATE TRIGGER pulp_count_updated AFTER UPDATE ON @.pulp_delivery
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION @.pulp_count_updated();
CREATE TRIGGER pulp_count_deleted AFTER DELETE ON @.pulp_delivery REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION @.pulp_count_deleted();
CREATE TRIGGER pulp_count_stored AFTER INSERT ON @.pulp_event REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION @.pulp_count_events();
CREATE TRIGGER pulp_count_gone AFTER DELETE ON @.pulp_event REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION @.pulp_count_events();
CREATE TRIGGER pulp_count_alone AFTER UPDATE OF alone ON @.pulp_event FOR EACH ROW
    WHEN (OLD.alone IS DISTINCT FROM NEW.alone) EXECUTE FUNCTION @.pulp_count_alone();
CREATE TRIGGER pulp_count_lost AFTER INSERT OR UPDATE OF outcome ON @.pulp_attempt FOR EACH ROW
    WHEN (NEW.outcome = 'lost') EXECUTE FUNCTION @.pulp_count_lost();

-- Sums up at most p_most of what is new of either kind; returns whether there may be more. By one at a time.
CREATE FUNCTION @.pulp_fold(p_most integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_tally    bigint;
    v_activity bigint;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    WITH gone AS (
        DELETE FROM @.pulp_tally_new WHERE ctid = ANY (ARRAY(SELECT ctid FROM @.pulp_tally_new LIMIT p_most))
        RETURNING listener_id, event_type, state, count
    ), added AS (
        INSERT INTO @.pulp_tally AS t (listener_id, event_type, state, count)
        SELECT g.listener_id, g.event_type, g.state, sum(g.count) FROM gone g GROUP BY 1, 2, 3 HAVING sum(g.count) <> 0
        ON CONFLICT (listener_id, event_type, state) DO UPDATE SET count = t.count + EXCLUDED.count
    ) SELECT count(*) INTO v_tally FROM gone;
    WITH gone AS (
        DELETE FROM @.pulp_activity_new WHERE ctid = ANY (ARRAY(SELECT ctid FROM @.pulp_activity_new LIMIT p_most))
        RETURNING start, listener_id, event_type, what, count
    ), added AS (
        INSERT INTO @.pulp_activity AS t (length, start, listener_id, event_type, what, count)
        SELECT 60, g.start, g.listener_id, g.event_type, g.what, sum(g.count) FROM gone g GROUP BY 2, 3, 4, 5
        ON CONFLICT (length, start, listener_id, event_type, what) DO UPDATE SET count = t.count + EXCLUDED.count
    ) SELECT count(*) INTO v_activity FROM gone;
    RETURN v_tally = p_most OR v_activity = p_most;
END $$;

-- Makes longer pieces of time of those before p_before, p_most at most; without p_following they are forgotten. Returns
-- whether there may be more.
CREATE FUNCTION @.pulp_roll(p_length integer, p_following integer, p_before bigint, p_most integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_gone bigint;
BEGIN
    WITH gone AS (
        DELETE FROM @.pulp_activity WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM @.pulp_activity WHERE length = p_length AND start < p_before LIMIT p_most))
        RETURNING start, listener_id, event_type, what, count
    ), added AS (
        INSERT INTO @.pulp_activity AS t (length, start, listener_id, event_type, what, count)
        SELECT p_following, g.start / p_following * p_following, g.listener_id, g.event_type, g.what, sum(g.count)
        FROM gone g WHERE p_following IS NOT NULL GROUP BY 2, 3, 4, 5
        ON CONFLICT (length, start, listener_id, event_type, what) DO UPDATE SET count = t.count + EXCLUDED.count
    ) SELECT count(*) INTO v_gone FROM gone;
    IF p_following IS NULL AND v_gone > 0 AND v_gone < p_most THEN
        DELETE FROM @.pulp_tally WHERE count = 0;
    END IF;
    RETURN v_gone = p_most;
END $$;
