-- See `pulp_events.events.trace_context`: NULL where an event was emitted outside of any trace. No row is written for it.
ALTER TABLE @.pulp_event ADD COLUMN trace_context text;

-- Claims that say the scope (see 0015) and trace context of each event: the functions as they are, with two more columns,
-- their last. They have other names, as processes of an earlier release still call those, and have prepared what those
-- return.
DO $$
DECLARE
    v_function record;
    v_each     record;
    v_text     text;
BEGIN
    SET LOCAL quote_all_identifiers = off;  -- of the database or the user: pg_get_functiondef heeds it
    FOR v_function IN SELECT p.oid, p.proname AS name FROM pg_proc p
        WHERE p.pronamespace = (SELECT c.relnamespace FROM pg_class c WHERE c.oid = @(pulp_event))
          AND p.proname IN ('pulp_take', 'pulp_claim', 'pulp_claim_window', 'pulp_claim_named', 'pulp_claim_window_named')
        ORDER BY p.proname <> 'pulp_take'
    LOOP
        v_text := pg_get_functiondef(v_function.oid);
        FOR v_each IN SELECT * FROM (VALUES
            (1, 'pulp_take', $text$pulp_take($text$, $text$pulp_take_2($text$),
            (2, 'pulp_take', $text$forgiven integer)$text$, $text$forgiven integer, scope text, trace_context text)$text$),
            (3, 'pulp_take', $text$p_token, t.forgiven$text$, $text$p_token, t.forgiven, e.scope, e.trace_context$text$),

            (1, 'pulp_claim', $text$pulp_claim($text$, $text$pulp_claim_2($text$),
            (2, 'pulp_claim', $text$look bigint[])$text$, $text$look bigint[], scope text, trace_context text)$text$),
            (3, 'pulp_claim', $text$NULL::float8, v_look.look$text$, $text$NULL::float8, v_look.look, NULL::text, NULL::text$text$),
            (4, 'pulp_claim', $text$NULL::float8, NULL::bigint[]
        FROM taken$text$, $text$NULL::float8, NULL::bigint[], e.scope, e.trace_context
        FROM taken$text$),
            (5, 'pulp_claim', $text$array_position(p_ids, f.id)], NULL::bigint[]$text$,
             $text$array_position(p_ids, f.id)], NULL::bigint[], NULL::text, NULL::text$text$),

            (1, 'pulp_claim_window', $text$pulp_claim_window($text$, $text$pulp_claim_window_2($text$),
            (2, 'pulp_claim_window', $text$forgiven integer)$text$, $text$forgiven integer, scope text, trace_context text)$text$),
            (3, 'pulp_claim_window', $text$NULL::integer;$text$, $text$NULL::integer, NULL::text, NULL::text;$text$),
            (4, 'pulp_claim_window', $text$p_token, t.forgiven$text$, $text$p_token, t.forgiven, e.scope, e.trace_context$text$),

            (1, 'pulp_claim_named', $text$pulp_claim_named($text$, $text$pulp_claim_named_2($text$),
            (2, 'pulp_claim_named', $text$forgiven integer)$text$, $text$forgiven integer, scope text, trace_context text)$text$),
            (3, 'pulp_claim_named', $text$pulp_take($text$, $text$pulp_take_2($text$),
            (4, 'pulp_claim_named', $text$NULL::integer
    FROM unnest(p_ids, v_waits)$text$, $text$NULL::integer, NULL::text, NULL::text
    FROM unnest(p_ids, v_waits)$text$),

            (1, 'pulp_claim_window_named', $text$pulp_claim_window_named($text$,
             $text$pulp_claim_window_named_2($text$),
            (2, 'pulp_claim_window_named', $text$forgiven integer)$text$, $text$forgiven integer, scope text, trace_context text)$text$),
            (3, 'pulp_claim_window_named', $text$pulp_take($text$, $text$pulp_take_2($text$),
            (4, 'pulp_claim_window_named', $text$NULL::integer;$text$, $text$NULL::integer, NULL::text, NULL::text;$text$)
        ) AS them(place, name, was, becomes) WHERE them.name = v_function.name ORDER BY them.place
        LOOP
            ASSERT strpos(v_text, v_each.was) > 0, v_function.name || ': ' || v_each.was;
            v_text := replace(v_text, v_each.was, v_each.becomes);
        END LOOP;
        EXECUTE v_text;
    END LOOP;
    ASSERT (SELECT count(*) FROM pg_proc p WHERE p.proname LIKE 'pulp@_%@_2' ESCAPE '@'
            AND p.pronamespace = (SELECT c.relnamespace FROM pg_class c WHERE c.oid = @(pulp_event))) = 5;
END $$;
