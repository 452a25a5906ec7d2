-- With which scope an event was emitted: empty where with none. NULL where that is not known: in events that an earlier
-- release has stored, or stores now, as its processes that are still running do. No row is written for it.
ALTER TABLE @.pulp_event ADD COLUMN scope text;
