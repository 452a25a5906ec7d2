-- What is pending is named, and not what is finished: a further state that ends a delivery then needs no migration.
-- `|| ''` keeps the planner from the indexes of what is pending, as the negation did: while the tables are nearly empty,
-- a plan by way of them would look good.
DO $$
DECLARE
    v_finished text := $text$d.state <> 'delivered' AND d.state <> 'dead'$text$;
    v_function oid;
BEGIN
    FOR v_function IN SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = (SELECT c.relnamespace FROM pg_class c WHERE c.oid = @(pulp_event))
          AND strpos(p.prosrc, v_finished) > 0
    LOOP
        EXECUTE replace(pg_get_functiondef(v_function), v_finished, $text$d.state || '' = 'pending'$text$);
    END LOOP;
END $$;
