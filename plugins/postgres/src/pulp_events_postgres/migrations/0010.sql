-- Who changed which listener, and how: kept in the transaction of the change.
CREATE TABLE @.pulp_listener_history (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    time float8 NOT NULL,
    listener_id text NOT NULL,
    document json NOT NULL
);
CREATE INDEX pulp_listener_history_time ON @.pulp_listener_history (time, seq);
CREATE INDEX pulp_listener_history_listener ON @.pulp_listener_history (listener_id, time, seq);
