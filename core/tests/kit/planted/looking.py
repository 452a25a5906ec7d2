"""Faults of what administrators ask of a notifier without delivering anything."""

import uuid

from .good import Good, GoodChannel, fault
from .kinds import Helpful


@fault("a_preview_sends_nothing")
class SendsItsPreview(Helpful):
    def preview(self, deliveries, config, settings):
        GoodChannel({**config, "token": "s3cr3t-token"}).send(deliveries[0])
        return super().preview(deliveries, config, settings)


@fault("a_preview_sends_nothing")
class PreviewsNothing(Helpful):
    def preview(self, deliveries, config, settings):
        return "a message"


@fault("a_preview_sends_nothing")
class ShowsItsSecretInThePreview(Helpful):
    def preview(self, deliveries, config, settings):
        return f"{super().preview(deliveries, config, settings)} for {config['token']}"


@fault("a_probe_finds_out_and_delivers_nothing")
class ProbesNothing(Helpful):
    def probe(self, settings):
        yield "all is well"


@fault("a_probe_finds_out_and_delivers_nothing")
class FindsNothingToSay(Helpful):
    def probe(self, settings):
        list(super().probe(settings))
        return ()


@fault("a_probe_finds_out_and_delivers_nothing")
class DeliversWhenItProbes(Helpful):
    def probe(self, settings):
        from pulp_events.testing import make_delivery

        GoodChannel({"host": "127.0.0.1", "port": settings["port"], "token": "s3cr3t-token"}).send(make_delivery())
        yield "it works"


@fault("a_probe_finds_out_and_delivers_nothing")
class ShowsItsPasswordWhenItProbes(Helpful):
    def probe(self, settings):
        yield from super().probe(settings)
        yield f"logged in with {settings['password']}"


@fault("warnings_are_texts_without_secrets")
class WarnsOfItsSecret(Good):
    def warnings(self, config, settings):
        return [f"{config['token']} is a bad token"] if "token" in config else []


@fault("warnings_are_texts_without_secrets")
class WarnsWithOneText(Good):
    def warnings(self, config, settings):
        return "nobody listens"


@fault("a_configuration_survives_json")
class MakesANewKeyEachTime(Helpful):
    def prepare(self, config):
        return {**config, "key": uuid.uuid4().hex}
