"""Plugins: found through the entry-point group `pulp_events`, loaded one by one under guard."""
