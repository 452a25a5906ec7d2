"""What the events of Pulp carry."""
