-- Which processes are at work: see pulp_events.outbox.presence.

-- Updated every few seconds by each, so there is room for the next version of a row beside it; no index has what changes.
CREATE TABLE @.pulp_presence (
    id        text PRIMARY KEY,
    about     text NOT NULL,
    started   float8 NOT NULL,
    seen      float8 NOT NULL,
    in_flight integer NOT NULL
) WITH (fillfactor = 50);
