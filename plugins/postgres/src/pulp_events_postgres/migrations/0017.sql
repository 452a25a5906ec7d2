-- See `pulp_events.events.remembered`: the event types of applications, for programs that do not have them.
CREATE TABLE @.pulp_known_type (
    name      text COLLATE "C" PRIMARY KEY,
    document  json NOT NULL,
    source    text NOT NULL,
    last_seen float8 NOT NULL
);
