"""What is shown that should not be."""

import subprocess

from .good import GoodEnricher, GoodObserver, fault, logger


@fault("it_prints_nothing")
class PrintsProgress(GoodObserver):
    def counted(self, event_types):
        print("counted", event_types)


@fault("nothing_secret_is_seen")
class KeepsWholeListeners(GoodObserver):
    def changed(self, before, after, settings):
        self.note(dict((after or before).notifier_config))


@fault("nothing_secret_is_seen")
class LogsWholeListeners(GoodObserver):
    def emitted(self, event, listeners):
        for listener in listeners:
            logger.info("configured by %s", dict(listener.notifier_config))


@fault("nothing_secret_is_seen")
class SaysItsSecretWhereItFails(GoodObserver):
    def note(self, text):
        try:
            super().note(text)
        except OSError as error:
            raise OSError("cannot log in with the password pa55-of-the-plugin") from error


@fault("nothing_secret_is_seen")
class EnrichesBySecret(GoodEnricher):
    def enriched(self, event):
        return self.adding(event, host="amqp://pulp:pa55-of-the-plugin@pulp1")


@fault("nothing_secret_is_seen")
class GivesASecretToAProgram(GoodObserver):
    def changed(self, before, after, settings):
        subprocess.run(["true", str((after or before).notifier_config.get("token"))], check=False)
