-- Erasure: see pulp_events.outbox.erasure.

-- When; NULL for an event that was not.
ALTER TABLE @.pulp_event ADD COLUMN erased float8;
CREATE INDEX pulp_event_erased ON @.pulp_event (id) WHERE erased IS NOT NULL;
CREATE TABLE @.pulp_erasure (
    seq       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id        text NOT NULL UNIQUE,
    began     float8 NOT NULL,
    ended     float8,
    who       text NOT NULL,
    asked     text NOT NULL,
    events    bigint NOT NULL DEFAULT 0,
    pending   bigint NOT NULL DEFAULT 0,
    under_way bigint NOT NULL DEFAULT 0,
    details   bigint NOT NULL DEFAULT 0
);

-- ANALYZE keeps samples of a column, where nobody would look for what was erased. No query of ours needs these; to set a
-- column's type, be it to what it is, deletes those that there are.
ALTER TABLE @.pulp_event ALTER report TYPE bytea, ALTER report SET STATISTICS 0, ALTER fingerprint TYPE text,
    ALTER fingerprint SET STATISTICS 0;
ALTER TABLE @.pulp_attempt ALTER detail TYPE text, ALTER detail SET STATISTICS 0;
ALTER TABLE @.pulp_delivery ALTER reason TYPE text, ALTER reason SET STATISTICS 0;
ALTER TABLE @.pulp_listener_health ALTER detail TYPE text, ALTER detail SET STATISTICS 0;

-- Whoever erases waits for those who record, and they for him: what they say of an erased event is not stored.
CREATE FUNCTION @.pulp_recording() RETURNS void LANGUAGE sql VOLATILE AS $$
    SELECT pg_advisory_xact_lock_shared(1886743667, (@(pulp_event)::oid::int8 % 2147483647)::int4)
$$;
CREATE FUNCTION @.pulp_erasing() RETURNS void LANGUAGE sql VOLATILE AS $$
    SELECT pg_advisory_xact_lock(1886743667, (@(pulp_event)::oid::int8 % 2147483647)::int4)
$$;

-- Which of the details are those of erased events, for the health of their listeners. By far the most events are not in the index.
CREATE FUNCTION @.pulp_erased_details(p_event text[], p_detail text[]) RETURNS text[]
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
BEGIN
    RETURN (SELECT array_agg(u.detail) FROM unnest(p_event, p_detail) AS u(event_id, detail)
            JOIN @.pulp_event e ON e.id = u.event_id AND e.erased IS NOT NULL WHERE u.detail <> '');
END $$;

DO $$
DECLARE
    v_each record;
    v_text text;
BEGIN
    FOR v_each IN SELECT * FROM (VALUES
        ('pulp_record', $text$    v_changed text[];
$text$, $text$    v_changed text[];
    v_erased  text[];
$text$),
        ('pulp_record', $text$    v_now := @.pulp_now();
$text$, $text$    PERFORM @.pulp_recording();
    v_now := @.pulp_now();
    v_erased := @.pulp_erased_details(p_event, p_detail);
$text$),
        ('pulp_record', $text$SELECT e.seq, u.* FROM unnest(p_event, p_n$text$,
         $text$SELECT e.seq, e.erased, u.* FROM unnest(p_event, p_n$text$),
        ('pulp_record', $text$r.outcome, r.detail, v_now$text$, $text$r.outcome,
            CASE WHEN r.erased IS NULL OR r.detail = '' THEN r.detail ELSE 'erased' END, v_now$text$),
        ('pulp_record', $text$one.failures, one.last,$text$,
         $text$one.failures, CASE WHEN one.last = ANY (v_erased) THEN 'erased' ELSE one.last END AS last,$text$),
        ('pulp_add', $text$CONTINUE WHEN NOT FOUND;$text$,
         $text$CONTINUE WHEN NOT FOUND OR EXISTS (
            SELECT FROM @.pulp_event e WHERE e.id = v_each.event AND e.erased IS NOT NULL);$text$)
    ) AS them(name, was, becomes)
    LOOP
        SELECT pg_get_functiondef(p.oid) INTO STRICT v_text FROM pg_proc p
        WHERE p.proname = v_each.name
          AND p.pronamespace = (SELECT c.relnamespace FROM pg_class c WHERE c.oid = @(pulp_event));
        ASSERT strpos(v_text, v_each.was) > 0, v_each.was;
        EXECUTE replace(v_text, v_each.was, v_each.becomes);
    END LOOP;
END $$;
