-- Which states a result leaves and enters is said by pulp_events.outbox.states.TRANSITIONS, not here as well.

DROP FUNCTION @.pulp_record(text[], integer[], text[], text[], float8[], integer[], integer[], float8[], float8[],
                            text[], text[], text[], boolean[], integer[], text[]);

-- p_leaves, p_enters: the states; p_leased: the lease must still be the one that it was claimed under; p_retry_in: NULL
-- for what is finished. Returns the positions (from 1) of the results that came in time.
CREATE FUNCTION @.pulp_record(p_event text[], p_n integer[], p_lease text[], p_leaves text[], p_enters text[],
    p_leased boolean[], p_retry_in float8[], p_forgiven integer[], p_number integer[], p_started float8[],
    p_duration float8[], p_outcome text[], p_detail text[], p_listener text[], p_success boolean[], p_failures integer[],
    p_last text[])
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
        SELECT e.seq, u.* FROM unnest(p_event, p_n, p_lease, p_leaves, p_enters, p_leased, p_retry_in, p_forgiven,
                                      p_number, p_started, p_duration, p_outcome, p_detail) WITH ORDINALITY
            AS u(event_id, n, lease, leaves, enters, leased, retry_in, forgiven, number, started, duration, outcome,
                 detail, position)
        JOIN @.pulp_event e ON e.id = u.event_id
    ), noted AS (
        INSERT INTO @.pulp_attempt AS a (event_seq, n, number, started, duration, outcome, detail, retry_at)
        SELECT r.seq, r.n, r.number, r.started, r.duration, r.outcome, r.detail, v_now + r.retry_in FROM r
        ON CONFLICT (event_seq, n, number) DO UPDATE SET started = EXCLUDED.started, duration = EXCLUDED.duration,
            outcome = EXCLUDED.outcome, detail = EXCLUDED.detail, retry_at = EXCLUDED.retry_at
    ), changed AS (
        UPDATE @.pulp_delivery d
        SET state = r.enters,
            ready_at = CASE WHEN r.retry_in IS NULL THEN 0 ELSE v_now + r.retry_in END,
            finished = CASE WHEN r.retry_in IS NULL THEN v_now END,
            forgiven = d.forgiven + r.forgiven,
            lease = NULL
        FROM r
        WHERE d.event_seq = r.seq AND d.n = r.n AND d.state = r.leaves AND (NOT r.leased OR d.lease = r.lease)
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
