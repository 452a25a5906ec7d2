-- For lists and counts by event type and by time. The first has an entry of some bytes for each event, as equal keys are
-- kept once; the second one for each 32 pages, as events are stored nearly in the order of their times.
CREATE INDEX pulp_event_type ON @.pulp_event (event_type);
CREATE INDEX pulp_event_time ON @.pulp_event USING brin (time) WITH (pages_per_range = 32, autosummarize = on);
