"""Faults of how connections are held to networks."""

from pulp_events import TransientFailure

from .good import Good, fault


@fault("no_connection_leaves_the_networks_that_it_is_held_to")
class ForgetsNetworks(Good):
    def open_within(self, config, settings, networks):
        return self.open(config, settings)


@fault("a_kept_connection_of_others_does_not_lead_out_of_the_networks")
class SharesConnections(Good):
    def open(self, config, settings):
        channel = super().open(config, settings)
        self.kept = channel.connect
        return channel

    def open_within(self, config, settings, networks):
        if not hasattr(self, "kept"):
            return super().open_within(config, settings, networks)
        channel = self.channel_class(config)
        channel.connect = self.kept
        return channel


@fault("what_the_networks_allow_is_delivered")
class RefusesAll(Good):
    def open_within(self, config, settings, networks):
        raise TransientFailure("not for the untrusted")
