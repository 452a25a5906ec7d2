"""Events: their types, their patterns and the report that leaves."""
