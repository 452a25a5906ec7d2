"""Workers: processes that make deliveries, by themselves or beside an application."""
