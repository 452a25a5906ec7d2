-- A claim tells which delivery one repeats, in `detail` of the answer, which a delivery has not before its attempt.
DO $$
DECLARE
    v_detail   text := $text$''::text, p_token, t.forgiven$text$;
    v_function oid;
BEGIN
    FOR v_function IN SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = (SELECT c.relnamespace FROM pg_class c WHERE c.oid = @(pulp_event))
          AND strpos(p.prosrc, v_detail) > 0
    LOOP
        EXECUTE replace(
            replace(pg_get_functiondef(v_function), v_detail, $text$coalesce(t.repeat_of, ''), p_token, t.forgiven$text$),
            $text$d.forgiven, d.expires)$text$, $text$d.forgiven, d.expires, d.repeat_of)$text$);
    END LOOP;
END $$;
