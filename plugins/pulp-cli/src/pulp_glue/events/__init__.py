"""The REST API of pulp-events-pulpcore, for programs in Python that talk to Pulp by pulp-glue."""
